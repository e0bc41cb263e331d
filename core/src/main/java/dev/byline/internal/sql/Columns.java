package dev.byline.internal.sql;

import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** Columns of tables of values. */
public final class Columns {
    private Columns() {}

    /** A column of a table of values called v. */
    public static <T> Field<T> v(String column, DataType<T> type) {
        return DSL.field(DSL.name("v", column), type);
    }
}
