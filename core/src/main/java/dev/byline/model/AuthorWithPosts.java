package dev.byline.model;

/**
 * A user and the newest of their posts.
 *
 * @param author the user
 * @param posts their first page
 */
public record AuthorWithPosts(User author, Page<Post> posts) {}
