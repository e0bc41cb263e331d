package dev.byline.internal.sql;

import dev.byline.internal.sql.generated.BylineSchema;
import org.jooq.Configuration;
import org.jooq.Context;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.QueryPart;
import org.jooq.Table;
import org.jooq.conf.MappedSchema;
import org.jooq.conf.RenderMapping;
import org.jooq.conf.Settings;
import org.jooq.impl.CustomQueryPart;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * The schema of Byline's tables and functions. Statements name it, because the search path of a host's connections
 * isn't Byline's to set. Without a name, the search path applies.
 */
public final class SchemaSql {
    private static final String KEY = "byline.schema";

    private SchemaSql() {}

    /**
     * Makes the statements of a configuration name a schema.
     *
     * @param configuration with its final settings
     * @param schema as in {@link dev.byline.model.BylineConfig.Database}; null for the search path
     */
    public static void set(Configuration configuration, Settings settings, @Nullable String schema) {
        if (schema == null) {
            configuration.set(settings.withRenderSchema(false));
            return;
        }
        var quoted = '"' + schema.replace("\"", "\"\"") + '"';
        configuration.data(KEY, quoted + '.');
        // Quotes are part of the name here: jOOQ is set to add none.
        configuration.set(settings.withRenderSchema(true)
                .withRenderMapping(new RenderMapping()
                        .withSchemata(new MappedSchema()
                                .withInput(BylineSchema.BYLINE_SCHEMA.getName())
                                .withOutput(quoted))));
    }

    /** Returns what stands before a name: the quoted schema and a dot, or nothing. */
    static String prefix(Configuration configuration) {
        return configuration.data(KEY) instanceof String prefix ? prefix : "";
    }

    /** Calls a function in the schema. */
    static <T> Field<T> function(String name, DataType<T> type, Field<?>... arguments) {
        return DSL.field("{0}({1})", type, new InSchema(name, false), DSL.list(arguments));
    }

    /** Selects from a function in the schema. */
    static Table<?> table(String function, Field<?>... arguments) {
        return DSL.table("{0}({1})", new InSchema(function, false), DSL.list(arguments));
    }

    /** A string literal that holds the name of an object in the schema, for casts to {@code regclass} and the like. */
    static QueryPart literal(String name) {
        return new InSchema(name, true);
    }

    private static final class InSchema extends CustomQueryPart {
        private static final long serialVersionUID = 1;

        private final String name;
        private final boolean isLiteral;

        InSchema(String name, boolean isLiteral) {
            this.name = name;
            this.isLiteral = isLiteral;
        }

        @Override
        public void accept(Context<?> ctx) {
            var qualified = prefix(ctx.configuration()) + name;
            ctx.sql(isLiteral ? '\'' + qualified.replace("'", "''") + '\'' : qualified);
        }
    }
}
