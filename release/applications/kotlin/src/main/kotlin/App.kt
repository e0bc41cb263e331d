package com.example

import com.zaxxer.hikari.HikariConfig
import com.zaxxer.hikari.HikariDataSource
import dev.byline.Byline
import dev.byline.BylineTransaction
import dev.byline.JoinedTransaction
import dev.byline.migrations.Migrations
import dev.byline.model.BylineConfig
import dev.byline.model.BylineException
import dev.byline.model.ConflictReason
import dev.byline.model.Metadata
import dev.byline.model.NewPost
import dev.byline.model.NewUser
import dev.byline.model.Page
import dev.byline.model.PageRequest
import dev.byline.model.Post
import dev.byline.model.PostFilter
import dev.byline.model.PostStatus
import dev.byline.model.Principal
import dev.byline.model.Role
import dev.byline.model.UserChange
import java.sql.Connection
import java.sql.SQLException
import javax.sql.DataSource
import org.postgresql.ds.PGSimpleDataSource

private val nobody = Principal.Anonymous()
private val operator = Principal.Operator()

/** A host that has a table called users, too, and runs its transactions by hand. */
fun main(arguments: Array<String>) {
    val database = PGSimpleDataSource().apply { setUrl(arguments[0]) }
    HikariDataSource(HikariConfig().apply { dataSource = database }).use(::run)
    println("PASS kotlin ${KotlinVersion.CURRENT}, jOOQ ${org.jooq.Constants.FULL_VERSION}, Java ${Runtime.version().feature()}")
}

private fun run(dataSource: DataSource) {
    dataSource.connection.use { it.update("CREATE TABLE users (login text PRIMARY KEY)") }
    dataSource.connection.use { it.update("CREATE TABLE orders (id bigint PRIMARY KEY, buyer bigint NOT NULL)") }
    check(Migrations.apply(dataSource) > 0) { "migrations were applied" }
    Byline.builder().cache(BylineConfig.Cache.LOCAL).dataSource(dataSource).use { byline ->
        transactions(byline, dataSource)
        reads(byline)
    }
    check(dataSource.count("SELECT count(*) FROM users") == 0L) { "the host's users are untouched" }
    awaitNoThreads()
}

private fun transactions(byline: Byline, dataSource: DataSource) {
    val ada = byline.joined(dataSource) { it.order(1, "ada@example.com") }
    check(byline.users().find(nobody, ada).isPresent && dataSource.hasOrder(1)) { "both are there after the commit" }

    var bob = 0L
    val rolledBack = runCatching {
        byline.joined(dataSource) {
            bob = it.order(2, "bob@example.com")
            throw IllegalStateException("rolled back")
        }
    }
    check(rolledBack.exceptionOrNull()?.message == "rolled back") { "only the exception above: $rolledBack" }
    check(byline.users().find(nobody, bob).isEmpty && !dataSource.hasOrder(2)) { "both are gone after the rollback" }

    byline.joined(dataSource) { tx ->
        tx.connection().insertOrder(3, ada)
        tx.users().change(operator, ada, UserChange(null, "Ada Lovelace", null, null, null))
        val error = runCatching { tx.users().create(nobody, NewUser("ADA@example.com", "Ada again", Metadata.EMPTY)) }
            .exceptionOrNull()
        check(error is BylineException.Conflict && error.reason() == ConflictReason.EMAIL_TAKEN) { "the address is taken" }
    }
    check(dataSource.hasOrder(3)) { "a conflict undoes only itself" }
    check(byline.users().get(nobody, ada).name == "Ada Lovelace") { "the cache knows of the commit" }

    // Kotlin can't infer the type of a checked exception that isn't there.
    val eve = byline.transaction<_, RuntimeException> { it.order(4, "eve@example.com") }
    check(byline.users().find(nobody, eve).isPresent && dataSource.hasOrder(4)) { "both are there after the transaction" }
}

// docs: Kotlin
/** Runs a transaction that Byline joins. */
private fun <T> Byline.joined(dataSource: DataSource, work: (JoinedTransaction) -> T): T =
    dataSource.connection.use { connection ->
        connection.autoCommit = false
        val tx = `in`(connection)
        val result = try {
            work(tx)
        } catch (e: Exception) {
            connection.rollback()
            throw e
        }
        try {
            connection.commit()
        } catch (e: SQLException) {
            tx.unknown()
            throw e
        }
        tx.committed()
        result
    }
// end

private fun reads(byline: Byline) {
    val ada = byline.users().byEmail(operator, "ada@example.com")
    val member = Principal.Member(ada.id, ada.role ?: Role.USER)
    check(ada.email?.startsWith("ada") == true) { "the host sees the address" }
    check(byline.users().get(nobody, ada.id).email == null) { "others don't" }

    val draft = byline.posts().create(member, NewPost("Draft", "", Metadata.EMPTY, PostStatus.DRAFT, null, null))
    check(draft.publishedAt == null && draft.status() == PostStatus.DRAFT) { "a draft has no time" }
    repeat(3) {
        byline.posts().create(member, NewPost("Post $it", "", Metadata.EMPTY, PostStatus.PUBLISHED, null, null))
    }
    val first: Page<Post> = byline.posts().feed(nobody, PostFilter.NONE, PageRequest.first(2))
    val second = byline.posts().feed(nobody, PostFilter.NONE, PageRequest(2, first.nextCursor))
    check((first.items + second.items).map { it.title } == listOf("Post 2", "Post 1", "Post 0")) { "two pages" }
    check(second.nextCursor == null) { "the second is the last" }
    val all = Page.stream(1) { byline.posts().feed(nobody, PostFilter.NONE, it) }
    check(all.count() == 3L) { "a stream of all pages" }

    check(byline.posts().find(nobody, draft.id).isEmpty) { "a draft is private" }
    val missing = runCatching { byline.posts().get(nobody, draft.id) }.exceptionOrNull()
    check(missing is BylineException && answer(missing) == 404) { "a draft is not found: $missing" }
    val invalid = runCatching { NewUser("", "", Metadata.EMPTY) }.exceptionOrNull()
    check(invalid is BylineException && answer(invalid) == 422) { "two fields are invalid: $invalid" }
}

/** A new kind of error breaks the build here. */
private fun answer(error: BylineException): Int =
    when (error) {
        is BylineException.Invalid -> if (error.errors().size > 1) 422 else 400
        is BylineException.BadCursor -> 400
        is BylineException.Unauthenticated -> 401
        is BylineException.Forbidden -> 403
        is BylineException.NotFound -> 404
        is BylineException.Conflict -> if (error.reason() == ConflictReason.EMAIL_TAKEN) 409 else 500
        is BylineException.InProgress, is BylineException.KeyReused -> 409
        is BylineException.Stale -> 412
        is BylineException.TooMany -> 429
        is BylineException.Unavailable -> if (error.mayHaveHappened()) 500 else 503
    }

/** Creates a user and a row of the host in the transaction. */
private fun BylineTransaction.order(id: Long, email: String): Long {
    val buyer = users().create(nobody, NewUser(email, "Buyer", Metadata.EMPTY)).id
    connection().insertOrder(id, buyer)
    return buyer
}

private fun Connection.insertOrder(id: Long, buyer: Long) = update("INSERT INTO orders VALUES ($id, $buyer)")

private fun DataSource.hasOrder(id: Long) = count("SELECT count(*) FROM orders WHERE id = $id") == 1L

private fun Connection.update(sql: String) {
    createStatement().use { it.executeUpdate(sql) }
}

private fun DataSource.count(sql: String): Long =
    connection.use { connection ->
        connection.createStatement().use { statement ->
            statement.executeQuery(sql).use { rows ->
                rows.next()
                rows.getLong(1)
            }
        }
    }

private fun awaitNoThreads() {
    repeat(50) {
        if (bylineThreads().isNotEmpty()) Thread.sleep(100)
    }
    check(bylineThreads().isEmpty()) { "no thread is left of ${bylineThreads()}" }
}

private fun bylineThreads() = Thread.getAllStackTraces().keys.map { it.name }.filter { it.startsWith("byline") }
