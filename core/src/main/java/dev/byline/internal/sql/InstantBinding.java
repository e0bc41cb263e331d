package dev.byline.internal.sql;

import java.sql.SQLException;
import java.sql.Types;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import org.jooq.BindingGetResultSetContext;
import org.jooq.BindingSetStatementContext;
import org.jooq.Converter;
import org.jooq.impl.AbstractBinding;

/** Reads times in the driver's binary format. jOOQ's own binding formats and parses them as text, which is slower. */
public final class InstantBinding extends AbstractBinding<OffsetDateTime, Instant> {
    private static final long serialVersionUID = 1;
    private static final Converter<OffsetDateTime, Instant> CONVERTER = Converter.ofNullable(
            OffsetDateTime.class, Instant.class, OffsetDateTime::toInstant, time -> time.atOffset(ZoneOffset.UTC));

    /** Called by the generated classes. */
    public InstantBinding() {}

    @Override
    public Converter<OffsetDateTime, Instant> converter() {
        return CONVERTER;
    }

    @Override
    public void set(BindingSetStatementContext<Instant> ctx) throws SQLException {
        ctx.statement().setObject(ctx.index(), CONVERTER.to(ctx.value()), Types.TIMESTAMP_WITH_TIMEZONE);
    }

    @Override
    public void get(BindingGetResultSetContext<Instant> ctx) throws SQLException {
        ctx.value(CONVERTER.from(ctx.resultSet().getObject(ctx.index(), OffsetDateTime.class)));
    }
}
