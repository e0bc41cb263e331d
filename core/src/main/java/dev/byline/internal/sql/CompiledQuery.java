package dev.byline.internal.sql;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.jooq.Context;
import org.jooq.DSLContext;
import org.jooq.DataType;
import org.jooq.Field;
import org.jooq.Record;
import org.jooq.ResultQuery;
import org.jooq.impl.CustomQueryPart;
import org.jooq.impl.DSL;
import org.jspecify.annotations.Nullable;

/**
 * A query that jOOQ renders once for each schema; afterwards only its bind values change. For the most frequent statements: rendering
 * takes about as long as PostgreSQL takes to run them. Safe for use by several threads.
 */
public final class CompiledQuery {
    /** Prefix of parameter names in the rendered SQL; Byline's statements contain no such character. */
    private static final String MARK = "\u0001";

    private static final Pattern PARAMETER = Pattern.compile(MARK + "(\\w+)");

    private final ResultQuery<?> query;
    private final List<Field<?>> columns;
    private volatile Map<String, Template> templates = Map.of(); // by the prefix of the schema

    /**
     * Wraps a query, which is rendered when it first runs.
     *
     * @param query each variable value is a named {@link DSL#param}
     * @param columns the columns of its result, in order
     */
    public CompiledQuery(ResultQuery<?> query, List<Field<?>> columns) {
        this.query = query;
        this.columns = columns;
    }

    /**
     * Binds values. The result may be fetched once.
     *
     * @param dsl the context that runs the query
     * @param values by parameter name
     * @throws IllegalArgumentException when a value is missing
     */
    public ResultQuery<Record> with(DSLContext dsl, Map<String, ?> values) {
        var schema = SchemaSql.prefix(dsl.configuration());
        var rendered = templates.get(schema);
        if (rendered == null) { // two threads may render it, with the same result
            rendered = Template.of(dsl, query);
            var more = new HashMap<>(templates);
            more.put(schema, rendered);
            templates = Map.copyOf(more);
        }
        return dsl.resultQuery("{0}", new BoundQuery(rendered, values)).coerce(columns);
    }

    /** The rendered SQL, split at its parameters: one is between each two pieces. */
    private record Template(List<String> pieces, List<Parameter> parameters) {
        static Template of(DSLContext dsl, ResultQuery<?> query) {
            var sql = dsl.configuration()
                    .deriveSettings(settings -> settings.withRenderNamedParamPrefix(MARK))
                    .dsl()
                    .renderNamedParams(query);
            var params = query.getParams();
            var pieces = new ArrayList<String>();
            var parameters = new ArrayList<Parameter>();
            var end = 0;
            for (var matcher = PARAMETER.matcher(sql); matcher.find(); end = matcher.end()) {
                var name = matcher.group(1);
                pieces.add(sql.substring(end, matcher.start()));
                var param = params.get(name);
                parameters.add(new Parameter(name, param == null ? null : param.getDataType()));
            }
            pieces.add(sql.substring(end));
            return new Template(pieces, parameters);
        }
    }

    /** A parameter. The type is null for one inside ANY, which jOOQ doesn't list; there the value determines it. */
    private record Parameter(String name, @Nullable DataType<?> type) {}

    private static final class BoundQuery extends CustomQueryPart {
        private static final long serialVersionUID = 1;

        private final transient Template template;
        private final transient List<Field<?>> values;

        BoundQuery(Template template, Map<String, ?> values) {
            this.template = template;
            var all = new ArrayList<Field<?>>(template.parameters.size());
            for (var parameter : template.parameters) {
                all.add(field(parameter, values.get(parameter.name)));
            }
            this.values = all;
        }

        private static Field<?> field(Parameter parameter, @Nullable Object value) {
            if (value == null) {
                throw new IllegalArgumentException("no value for " + parameter.name);
            }
            return parameter.type == null ? DSL.val(value) : DSL.val(value, parameter.type);
        }

        @Override
        public void accept(Context<?> ctx) {
            for (int i = 0; i < values.size(); i++) {
                ctx.sql(template.pieces.get(i)).visit(values.get(i));
            }
            ctx.sql(template.pieces.getLast());
        }
    }
}
