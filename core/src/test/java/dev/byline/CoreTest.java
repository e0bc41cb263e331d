package dev.byline;

import dev.byline.migrations.LeakCheck;
import dev.byline.migrations.TestDatabase;
import dev.byline.model.BylineConfig;
import dev.byline.model.Metadata;
import dev.byline.model.NewPost;
import dev.byline.model.NewUser;
import dev.byline.model.Post;
import dev.byline.model.PostStatus;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import dev.byline.model.User;
import java.time.Instant;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.RegisterExtension;

/** One Byline and one database for each test class. A test fails when it leaves a connection acquired. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
public abstract class CoreTest {
    protected static final Principal OPERATOR = new Principal.Operator();
    protected static final Principal NOBODY = new Principal.Anonymous();

    private static final AtomicInteger COUNT = new AtomicInteger();

    @RegisterExtension
    protected final LeakCheck leaks = new LeakCheck();

    protected final TestDatabase database = TestDatabase.migrated();
    protected final Byline byline = Byline.open(BylineConfig.of(database.url()));

    protected CoreTest() {
        leaks.watch(() -> acquired(byline));
    }

    /** The acquired connections of a Byline's own pool. */
    static int acquired(Byline byline) {
        return byline.poolStatus().orElseThrow().active();
    }

    @BeforeAll
    void connect() {
        byline.serverFacts();
    }

    @AfterAll
    void close() {
        byline.close();
        database.close();
    }

    protected User newUser() {
        var n = COUNT.incrementAndGet();
        return byline.users().create(NOBODY, new NewUser("user" + n + "@example.com", "User " + n, Metadata.EMPTY));
    }

    protected static Principal as(User user) {
        return new Principal.Member(user.id(), Role.USER);
    }

    protected static Principal asAdmin(User user) {
        return new Principal.Member(user.id(), Role.ADMIN);
    }

    protected Post newPost(User author, String title) {
        return byline.posts().create(as(author), post(title, PostStatus.PUBLISHED, null));
    }

    protected Post newDraft(User author, String title) {
        return byline.posts().create(as(author), post(title, PostStatus.DRAFT, null));
    }

    /** Creates a post that was published at this time. */
    protected Post newPost(User author, String title, String time) {
        var post = new NewPost(title, "", Metadata.EMPTY, PostStatus.PUBLISHED, author.id(), Instant.parse(time));
        return byline.posts().create(OPERATOR, post);
    }

    protected static NewPost post(String title, PostStatus status, @Nullable Long userId) {
        return new NewPost(title, "Body of " + title, Metadata.EMPTY, status, userId, null);
    }
}
