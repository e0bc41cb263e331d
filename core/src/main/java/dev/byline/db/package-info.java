/** The connection pool, transactions and what the database's errors mean. */
@NullMarked
package dev.byline.db;

import org.jspecify.annotations.NullMarked;
