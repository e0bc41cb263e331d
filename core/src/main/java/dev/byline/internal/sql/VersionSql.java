package dev.byline.internal.sql;

import dev.byline.model.ExpectedVersion;
import java.time.Instant;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.Row2;
import org.jooq.impl.DSL;

/** The condition for an {@link ExpectedVersion}. */
public final class VersionSql {
    private VersionSql() {}

    /**
     * Matches rows that have an expected version.
     *
     * @param number the column
     * @param updatedAt the column
     * @param expected the expected versions
     */
    public static Condition is(Field<Long> number, Field<Instant> updatedAt, ExpectedVersion expected) {
        var versions = expected.versions();
        if (versions == null) {
            return DSL.noCondition();
        }
        var rows = versions.stream()
                .map(version -> DSL.row(DSL.val(version.number(), number), DSL.val(version.updatedAt(), updatedAt)))
                .toList();
        Row2<Long, Instant> row = DSL.row(number, updatedAt);
        return row.in(rows);
    }
}
