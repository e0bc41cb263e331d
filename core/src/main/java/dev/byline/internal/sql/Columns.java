package dev.byline.internal.sql;

import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** Columns of VALUES lists and of rows that conflict. */
public final class Columns {
    private Columns() {}

    /** A column of the VALUES list with the alias v. */
    public static <T> Field<T> v(String column, DataType<T> type) {
        return DSL.field(DSL.name("v", column), type);
    }

    /** In ON CONFLICT DO UPDATE, the value that was to be inserted. jOOQ's own would name the schema. */
    public static <T> Field<T> excluded(Field<T> column) {
        return DSL.field(DSL.name("excluded", column.getName()), column.getDataType());
    }
}
