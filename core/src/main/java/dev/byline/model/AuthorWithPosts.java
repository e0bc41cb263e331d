package dev.byline.model;

/**
 * A user and the first page of their posts, newest first.
 *
 * @param author the user
 * @param posts the first page of their posts
 */
public record AuthorWithPosts(User author, Page<Post> posts) {}
