package dev.byline.internal.sql;

import dev.byline.model.ExpectedVersion;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** The condition for an {@link ExpectedVersion}. */
public final class VersionSql {
    private VersionSql() {}

    /**
     * Matches rows that have an expected version.
     *
     * @param version the column
     * @param expected the expected versions
     */
    public static Condition is(Field<Long> version, ExpectedVersion expected) {
        var versions = expected.versions();
        return versions == null ? DSL.noCondition() : version.eq(DSL.any(versions.toArray(Long[]::new)));
    }
}
