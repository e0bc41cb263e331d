package dev.byline.internal.sql;

import dev.byline.internal.sql.generated.BylineSchema;
import dev.byline.model.BylineException;
import dev.byline.model.ConflictReason;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jooq.Named;
import org.jooq.exception.DataAccessException;
import org.jspecify.annotations.Nullable;
import org.postgresql.util.PSQLException;
import org.postgresql.util.ServerErrorMessage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Translates errors of the database to exceptions of Byline, by SQLSTATE and by names of constraints, tables and
 * columns, never by message text.
 *
 * <p>A host may add rules to the schema: foreign keys, constraints, triggers, policies. If such a rule rejects a
 * change, that is a conflict. The message doesn't name the rule; the log does, once.
 *
 * @see <a href="https://www.postgresql.org/docs/current/errcodes-appendix.html">PostgreSQL error codes</a>
 */
public final class Violations {
    private static final Logger LOG = LoggerFactory.getLogger(Violations.class);

    private static final String REFERRED_TO =
            "the database refused the change: rows of another table refer to what would be deleted";
    private static final String AGAINST_A_RULE =
            "the database refused the change: it breaks a rule that was added to the schema";

    /** The most rules that are logged: a custom SQLSTATE may be computed from values. */
    private static final int MAX_LOGGED = 100;

    /**
     * The functions in PostgreSQL's source that report RAISE statements and violated row-level security policies; the
     * SQLSTATE of these may be any.
     */
    private static final Set<String> RULE_ROUTINES = Set.of("exec_stmt_raise", "ExecWithCheckOptions");

    /**
     * PostgreSQL's own error classes, except those that rules report. Other classes come from functions of the host.
     */
    private static final Set<String> POSTGRES_CLASSES = Set.of(
            "00", "01", "02", "03", "08", "0A", "0B", "0F", "0L", "0P", "0Z", "10", "20", "21", "24", "25", "26", "28",
            "2B", "2D", "2F", "34", "3B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58", "72", "F0", "HV", "XX");

    private static final Set<String> OWN_TABLES =
            BylineSchema.BYLINE_SCHEMA.getTables().stream().map(Named::getName).collect(Collectors.toSet());

    private static final Set<String> OWN_CONSTRAINTS = BylineSchema.BYLINE_SCHEMA.getTables().stream()
            .flatMap(table -> Stream.of(table.getKeys(), table.getReferences(), table.getChecks(), table.getIndexes()))
            .flatMap(rules -> rules.stream().map(Named::getName))
            .collect(Collectors.toSet());

    private final @Nullable String schema;
    private final Set<String> logged = ConcurrentHashMap.newKeySet();

    /**
     * Creates an instance, which logs each rule once.
     *
     * @param schema of Byline's tables: a host may use the same names in another one; null when it isn't known
     */
    public Violations(@Nullable String schema) {
        this.schema = schema;
    }

    /** Returns the exception to throw instead: the error itself if its cause can only be a bug in Byline. */
    public RuntimeException translate(DataAccessException e) {
        var cause = e.getCause(SQLException.class);
        if (cause == null) {
            return e;
        }
        var state = cause.getSQLState();
        if (cause instanceof SQLTransientException || state == null || isUnavailable(state)) {
            return new BylineException.Unavailable(e);
        }
        if (isSchemaMissing(state)) {
            return BylineException.Unavailable.schemaMissing(e);
        }
        if (state.equals("25P02")) { // only a caller's own statement can have failed before
            return new IllegalStateException("a statement failed earlier in this transaction: roll it back", e);
        }
        var error = serverError(cause);
        if (state.equals("42501") && (error == null || !isRaised(error))) {
            return BylineException.Unavailable.privilegeMissing(e);
        }
        return error == null ? e : refusal(error, state, e);
    }

    private RuntimeException refusal(ServerErrorMessage error, String state, DataAccessException e) {
        return switch (isInSchema(error) ? String.valueOf(error.getConstraint()) : "") {
            case "users_email_key" ->
                new BylineException.Conflict(ConflictReason.EMAIL_TAKEN, "the e-mail address is taken");
            case "posts_user_id_fkey" -> new AuthorDeletedException(e);
            case "users_metadata_size_check", "posts_metadata_size_check" ->
                new BylineException.Invalid("metadata", "must take at most 16384 bytes after the change");
            default -> {
                if (!isAddedRule(error, state)) {
                    yield e;
                }
                log(rule(error, state));
                var deleting = isForeignKey(state)
                        && !(isInSchema(error) && OWN_TABLES.contains(String.valueOf(error.getTable())));
                yield deleting
                        ? new BylineException.Conflict(ConflictReason.REFERENCED, REFERRED_TO, e)
                        : new BylineException.Conflict(ConflictReason.HOST_RULE, AGAINST_A_RULE, e);
            }
        };
    }

    private static boolean isUnavailable(String state) {
        return switch (state.substring(0, 2)) {
            // connection, authorisation, wrong database name, resources, operator intervention and statement timeout,
            // disk failure, crash
            case "08", "28", "3D", "53", "57", "58", "XX" -> true;
            // serialization failure, deadlock, lock timeout, read-only after failover
            default ->
                switch (state) {
                    case "40001", "40P01", "55P03", "25006" -> true;
                    default -> false;
                };
        };
    }

    /** A schema, table, column or function is missing: pending migrations, or another search path. */
    private static boolean isSchemaMissing(String state) {
        return switch (state) {
            case "3F000", "42P01", "42703", "42883" -> true;
            default -> false;
        };
    }

    private static boolean isForeignKey(String state) {
        return state.equals("23503") || state.equals("23001"); // 23001: ON DELETE RESTRICT since PostgreSQL 18
    }

    private boolean isInSchema(ServerErrorMessage error) {
        return schema == null || schema.equals(error.getSchema());
    }

    private static boolean isRaised(ServerErrorMessage error) {
        return RULE_ROUTINES.contains(String.valueOf(error.getRoutine()));
    }

    private boolean isAddedRule(ServerErrorMessage error, String state) {
        if (isRaised(error)) {
            return true;
        }
        return switch (state.substring(0, 2)) {
            case "23" -> !isInSchema(error) || !isOwn(error);
            // errors raised by functions and triggers in any language, a view's check option
            case "09", "27", "38", "39", "44", "P0" -> true;
            // invalid data, but in a function, not in the statement itself
            case "22" -> error.getWhere() != null;
            default -> !POSTGRES_CLASSES.contains(state.substring(0, 2));
        };
    }

    private static boolean isOwn(ServerErrorMessage error) {
        if (error.getConstraint() != null) {
            return OWN_CONSTRAINTS.contains(error.getConstraint());
        }
        // a NOT NULL violation names the column, not a constraint
        return error.getColumn() != null
                && BylineSchema.BYLINE_SCHEMA.getTables().stream()
                        .filter(table -> table.getName().equals(error.getTable()))
                        .flatMap(table -> Stream.of(table.fields()))
                        .anyMatch(column -> column.getName().equals(error.getColumn())
                                && !column.getDataType().nullable());
    }

    private void log(String rule) {
        if (logged.size() < MAX_LOGGED && logged.add(rule)) {
            LOG.warn("a rule that was added to the schema refused a change, logged once: {}", rule);
        }
    }

    /**
     * Describes the rule that rejected a change, for the log: names, no values.
     *
     * @param e the exception of the change
     * @return the names and the SQLSTATE; empty when the database didn't reject the change
     */
    public static Optional<String> rule(Throwable e) {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            var error = cause instanceof SQLException sql ? serverError(sql) : null;
            if (error != null) {
                return Optional.of(rule(error, String.valueOf(error.getSQLState())));
            }
        }
        return Optional.empty();
    }

    private static String rule(ServerErrorMessage error, String state) {
        var rule = new StringBuilder("SQLSTATE ").append(state);
        append(rule, ", constraint ", error.getConstraint());
        append(rule, ", table ", error.getTable());
        append(rule, ", column ", error.getColumn());
        if (error.getConstraint() == null && error.getWhere() != null) {
            append(rule, ", ", error.getWhere().lines().findFirst().orElse(null)); // the function and its line
        }
        return rule.toString();
    }

    private static void append(StringBuilder rule, String label, @Nullable String name) {
        if (name != null) {
            rule.append(label).append(name);
        }
    }

    private static @Nullable ServerErrorMessage serverError(SQLException e) {
        return e instanceof PSQLException p ? p.getServerErrorMessage() : null;
    }
}
