import dev.byline.Byline;
import dev.byline.Metadata;
import dev.byline.model.PageRequest;
import dev.byline.model.NewPost;
import dev.byline.model.PostFilter;
import dev.byline.model.PostStatus;
import dev.byline.model.NewUser;
import dev.byline.model.Principal;
import dev.byline.model.Role;
import org.postgresql.ds.PGSimpleDataSource;

/** Signs somebody up, who writes, and reads it back, on a data source of its own. */
final class Consumer {
    public static void main(String[] arguments) {
        var dataSource = new PGSimpleDataSource();
        dataSource.setUrl(arguments[0]);
        try (var byline = Byline.builder().dataSource(dataSource)) {
            var ada = byline.users()
                    .create(new Principal.Anonymous(), new NewUser("ada@example.com", "Ada", Metadata.EMPTY));
            byline.posts()
                    .create(
                            new Principal.Member(ada.id(), Role.USER),
                            new NewPost("Hello", "First post.", Metadata.EMPTY, PostStatus.PUBLISHED, null, null));
            var page = byline.posts().feed(new Principal.Anonymous(), PostFilter.NONE, PageRequest.first(20));
            System.out.println(page.items().getFirst().title() + " by " + ada.name());
        }
    }
}
