package dev.byline.internal.sql;

import dev.byline.model.Metadata;
import dev.byline.model.MetadataChange;
import org.jooq.Field;
import org.jooq.JSONB;
import org.jooq.impl.DSL;
import org.jooq.impl.SQLDataType;

/** How metadata stands in a statement. */
public final class MetadataSql {
    private MetadataSql() {}

    /** A whole value. */
    public static JSONB value(Metadata metadata) {
        return JSONB.jsonb(metadata.json());
    }

    /** What a column becomes; the merge happens in the statement, so that concurrent patches add up. */
    public static Field<JSONB> changed(Field<JSONB> column, MetadataChange change) {
        return switch (change) {
            case MetadataChange.Merge merge ->
                DSL.function("json_merge_patch", SQLDataType.JSONB, column, DSL.val(value(merge.patch())));
            case MetadataChange.Clear ignored -> DSL.val(value(Metadata.EMPTY));
        };
    }
}
