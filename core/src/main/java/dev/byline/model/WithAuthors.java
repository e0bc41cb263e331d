package dev.byline.model;

import java.util.List;

/**
 * Posts with their authors.
 *
 * @param posts a {@link Page} or a {@link Selection} of posts
 * @param authors the authors of these posts, once each, in the order of their first post; always in the public form,
 *     without e-mail address and role
 * @param <T> the type of the posts
 */
public record WithAuthors<T>(T posts, List<User> authors) {
    public WithAuthors {
        authors = List.copyOf(authors);
    }
}
