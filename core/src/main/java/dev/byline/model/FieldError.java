package dev.byline.model;

/**
 * An error in one field, in words for the person who sent it.
 *
 * @param field the bare name ({@code title}), or in a list a JSON pointer ({@code /posts/3/title})
 * @param message what is wrong with it; never contains the value
 */
public record FieldError(String field, String message) {}
