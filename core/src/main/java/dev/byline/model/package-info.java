/** The vocabulary of the use cases: what they take, return and throw. Immutable, checked when it is created. */
@NullMarked
package dev.byline.model;

import org.jspecify.annotations.NullMarked;
