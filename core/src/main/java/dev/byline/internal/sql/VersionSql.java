package dev.byline.internal.sql;

import dev.byline.model.ExpectedVersion;
import org.jooq.Condition;
import org.jooq.Field;
import org.jooq.impl.DSL;

/** How an {@link ExpectedVersion} is asked for. */
public final class VersionSql {
    private VersionSql() {}

    /**
     * Holds for rows of the versions meant.
     *
     * @param version the column
     * @param expected the versions meant
     */
    public static Condition is(Field<Long> version, ExpectedVersion expected) {
        var versions = expected.versions();
        return versions == null ? DSL.noCondition() : version.eq(DSL.any(versions.toArray(Long[]::new)));
    }
}
