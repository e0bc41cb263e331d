package dev.byline.internal.sql;

import dev.byline.model.UserFilter;
import org.jooq.DSLContext;
import org.jspecify.annotations.Nullable;

/** The statements about users, for those who look at their plans from another package. */
public final class UserPlans {
    private UserPlans() {}

    public static void newest(DSLContext dsl, UserFilter filter, @Nullable Cursor after) {
        UserSql.newest(dsl, filter, after, 21);
    }

    public static void search(DSLContext dsl, UserFilter filter) {
        UserSql.search(dsl, filter, null, 21);
    }

    /** Those that have an index of their own and are no lists. */
    public static void others(DSLContext dsl) {
        var unused = UserSql.adminExists(dsl);
        UserSql.markedDeleted(dsl, 0, 10);
    }
}
