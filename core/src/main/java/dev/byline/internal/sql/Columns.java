package dev.byline.internal.sql;

import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** Columns of VALUES lists. */
public final class Columns {
    private Columns() {}

    /** A column of the VALUES list with the alias v. */
    public static <T> Field<T> v(String column, DataType<T> type) {
        return DSL.field(DSL.name("v", column), type);
    }
}
