package dev.byline.post;

import dev.byline.page.Page;
import dev.byline.user.User;

/**
 * A user and the newest of their posts.
 *
 * @param author the user
 * @param posts their first page
 */
public record AuthorWithPosts(User author, Page<Post> posts) {}
