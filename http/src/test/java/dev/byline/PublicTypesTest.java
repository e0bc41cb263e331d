package dev.byline;

import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaType;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The API of the library. A change here changes it: update CHANGELOG.md and docs/upgrading.md. */
class PublicTypesTest {
    private static final JavaClasses EXPORTED = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar"))
            .importPackages("dev.byline", "dev.byline.model")
            .that(DescribedPredicate.describe(
                    "are exported",
                    type -> List.of("dev.byline", "dev.byline.model").contains(type.getPackageName())));

    private static final String NAMES = """
            Byline
            Byline$Builder
            BylineTransaction
            Imports
            JoinedTransaction
            Posts
            SharedLimits
            Tokens
            TransactionCallback
            Users
            model.AuthorWithPosts
            model.BucketLevel
            model.BylineConfig
            model.BylineConfig$Cache
            model.BylineConfig$Database
            model.BylineConfig$Imports
            model.BylineConfig$Replicas
            model.BylineException
            model.BylineException$BadCursor
            model.BylineException$Conflict
            model.BylineException$Forbidden
            model.BylineException$InProgress
            model.BylineException$Invalid
            model.BylineException$KeyReused
            model.BylineException$NotFound
            model.BylineException$Stale
            model.BylineException$TooMany
            model.BylineException$Unauthenticated
            model.BylineException$Unavailable
            model.Capacity
            model.Capacity$Load
            model.Capacity$Plan
            model.Cidr
            model.ConflictReason
            model.Created
            model.DatabaseUrl
            model.ExpectedVersion
            model.ExpectedVersion$Version
            model.FieldError
            model.IdempotencyKey
            model.ImportFailure
            model.ImportOutcome
            model.ImportOutcome$Failed
            model.ImportOutcome$FailedItem
            model.ImportOutcome$Imported
            model.ImportOutcome$Unchanged
            model.ImportedPost
            model.IssuedToken
            model.Metadata
            model.MetadataChange
            model.MetadataChange$Clear
            model.MetadataChange$Merge
            model.Metrics
            model.Metrics$Feed
            model.Metrics$Layer
            model.Metrics$ReplicaRead
            model.Metrics$Result
            model.NewPost
            model.NewUser
            model.Page
            model.PageRequest
            model.Password
            model.PasswordHash
            model.PoolSizing
            model.PoolStatus
            model.Post
            model.PostChange
            model.PostFilter
            model.PostStatus
            model.PostWithAuthor
            model.Principal
            model.Principal$Anonymous
            model.Principal$Member
            model.Principal$Operator
            model.ReplicaStatus
            model.Role
            model.Selection
            model.ServerFacts
            model.Token
            model.UnavailableReason
            model.User
            model.UserChange
            model.UserFilter
            model.Validation
            model.WithAuthors
            """;

    private static Stream<JavaClass> publicTypes() {
        return EXPORTED.stream().filter(PublicTypesTest::isPublic);
    }

    private static boolean isPublic(JavaClass type) {
        return type.getModifiers().contains(JavaModifier.PUBLIC)
                && type.getEnclosingClass().map(PublicTypesTest::isPublic).orElse(true);
    }

    @Test
    void theApiConsistsOfTheseTypes() {
        var names = new TreeSet<String>();
        publicTypes().forEach(type -> names.add(type.getName().substring("dev.byline.".length())));

        assertThat(String.join("\n", names)).isEqualTo(NAMES.strip());
    }

    @Test
    void signaturesHaveNoTypesOfLibraries() {
        var foreign = new TreeSet<String>();
        publicTypes()
                .forEach(type -> signatures(type).forEach(used -> {
                    var name = used.getBaseComponentType().getName();
                    if (!used.getBaseComponentType().isPrimitive()
                            && !name.startsWith("java.")
                            && !name.equals("javax.sql.DataSource")
                            && !List.of("dev.byline", "dev.byline.model")
                                    .contains(used.getBaseComponentType().getPackageName())) {
                        foreign.add(type.getName() + ": " + name);
                    }
                }));
        assertThat(foreign).isEmpty();
    }

    private static List<JavaClass> signatures(JavaClass type) {
        var used = new ArrayList<JavaType>();
        type.getSuperclass().ifPresent(used::add);
        used.addAll(type.getInterfaces());
        type.getFields().stream()
                .filter(field -> isVisible(field.getModifiers()))
                .forEach(field -> used.add(field.getType()));
        Stream.concat(type.getMethods().stream(), type.getConstructors().stream())
                .filter(unit -> isVisible(unit.getModifiers()))
                .forEach(unit -> add(unit, used));
        return used.stream()
                .flatMap(each -> each.getAllInvolvedRawTypes().stream())
                .toList();
    }

    private static void add(JavaCodeUnit unit, List<JavaType> used) {
        used.add(unit.getReturnType());
        used.addAll(unit.getParameterTypes());
        used.addAll(unit.getExceptionTypes());
    }

    private static boolean isVisible(Set<JavaModifier> modifiers) {
        return modifiers.contains(JavaModifier.PUBLIC) || modifiers.contains(JavaModifier.PROTECTED);
    }
}
