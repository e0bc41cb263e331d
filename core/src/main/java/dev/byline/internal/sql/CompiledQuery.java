package dev.byline.internal.sql;

import java.util.ArrayList;
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
 * A query that jOOQ builds and writes down once; afterwards only its values change. For the statements that are run most: to
 * write one takes about as long as PostgreSQL takes to run it. Safe for use by several threads.
 */
public final class CompiledQuery {
    /** Stands before the name of a value in the text that is cut up; in no SQL of ours. */
    private static final String MARK = "\u0001";

    private static final Pattern VALUE = Pattern.compile(MARK + "(\\w+)");

    private final ResultQuery<?> query;
    private final List<Field<?>> columns;
    private volatile @Nullable Text text;

    /**
     * Compiles when it is first run.
     *
     * @param query each value of it that changes is a {@link DSL#param} with a name
     * @param columns what it finds, in order
     */
    public CompiledQuery(ResultQuery<?> query, List<Field<?>> columns) {
        this.query = query;
        this.columns = columns;
    }

    /**
     * The query with values, to be fetched once.
     *
     * @param dsl runs it
     * @param values by the names of their parameters
     * @throws IllegalArgumentException when a value is missing
     */
    public ResultQuery<Record> with(DSLContext dsl, Map<String, ?> values) {
        var compiled = text;
        if (compiled == null) { // twice, perhaps, with the same result
            compiled = Text.of(dsl, query);
            text = compiled;
        }
        return dsl.resultQuery("{0}", new Filled(compiled, values)).coerce(columns);
    }

    /** Between two pieces stands a value. */
    private record Text(List<String> pieces, List<Value> values) {
        static Text of(DSLContext dsl, ResultQuery<?> query) {
            var sql = dsl.configuration()
                    .deriveSettings(settings -> settings.withRenderNamedParamPrefix(MARK))
                    .dsl()
                    .renderNamedParams(query);
            var params = query.getParams();
            var pieces = new ArrayList<String>();
            var values = new ArrayList<Value>();
            var end = 0;
            for (var matcher = VALUE.matcher(sql); matcher.find(); end = matcher.end()) {
                var name = matcher.group(1);
                pieces.add(sql.substring(end, matcher.start()));
                var param = params.get(name);
                values.add(new Value(name, param == null ? null : param.getDataType()));
            }
            pieces.add(sql.substring(end));
            return new Text(pieces, values);
        }
    }

    /** The type is null for what stands in ANY, which jOOQ doesn't list: it follows from the value then. */
    private record Value(String name, @Nullable DataType<?> type) {}

    private static final class Filled extends CustomQueryPart {
        private static final long serialVersionUID = 1;

        private final transient Text text;
        private final transient List<Field<?>> values;

        Filled(Text text, Map<String, ?> values) {
            this.text = text;
            var all = new ArrayList<Field<?>>(text.values.size());
            for (var value : text.values) {
                all.add(field(value, values.get(value.name)));
            }
            this.values = all;
        }

        private static Field<?> field(Value parameter, @Nullable Object value) {
            if (value == null) {
                throw new IllegalArgumentException("no value for " + parameter.name);
            }
            return parameter.type == null ? DSL.val(value) : DSL.val(value, parameter.type);
        }

        @Override
        public void accept(Context<?> ctx) {
            for (int i = 0; i < values.size(); i++) {
                ctx.sql(text.pieces.get(i)).visit(values.get(i));
            }
            ctx.sql(text.pieces.getLast());
        }
    }
}
