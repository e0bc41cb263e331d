package dev.byline.internal.sql;

import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** Metadata in statements. */
public final class MetadataSql {
    private MetadataSql() {}

    /** Converts metadata to a bind value. */
    public static JSONB value(Metadata metadata) {
        return JSONB.jsonb(metadata.json());
    }

    /** Applies a change to a column. The statement merges, so concurrent patches don't overwrite each other. */
    public static Field<JSONB> changed(Field<JSONB> column, MetadataChange change) {
        return switch (change) {
            case MetadataChange.Merge merge ->
                SchemaSql.function("json_merge_patch", SQLDataType.JSONB, column, DSL.val(value(merge.patch())));
            case MetadataChange.Clear ignored -> DSL.val(value(Metadata.EMPTY));
        };
    }
}
