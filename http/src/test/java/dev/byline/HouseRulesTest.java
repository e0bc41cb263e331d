package dev.byline;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noConstructors;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies between packages, and other rules that hold for all classes. */
class HouseRulesTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("-tests.jar"))
            .withImportOption(location -> !location.contains("/sql/generated/"))
            .importPackages("dev.byline");

    private static final String[] CORE = {"dev.byline", "dev.byline.model", "dev.byline.internal.."};

    @Test
    void coreDoesNotDependOnHttp() {
        noClasses()
                .that()
                .resideInAnyPackage(CORE)
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "dev.byline.http..",
                        "dev.byline.server..",
                        "dev.byline.migrations..",
                        "io.javalin..",
                        "org.eclipse.jetty..",
                        "jakarta.servlet..")
                .because("programs that embed core have their own HTTP server and their own way to migrate")
                .check(CLASSES);
    }

    @Test
    void httpDoesNotDependOnTheDatabase() {
        noClasses()
                .that()
                .resideInAPackage("dev.byline.http..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.jooq..", "java.sql..", "javax.sql..", "org.postgresql..", "com.zaxxer..")
                .because("a route parses, calls core once and renders")
                .check(CLASSES);
    }

    @Test
    void httpDoesNotDependOnTheProgram() {
        noClasses()
                .that()
                .resideInAPackage("dev.byline.http..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.byline.server..")
                .because("the program starts the server, so the server must not depend on it")
                .check(CLASSES);
    }

    @Test
    void onlySqlClassesUseGeneratedTypes() {
        noClasses()
                .that()
                .haveSimpleNameNotEndingWith("Sql")
                .and()
                .doNotHaveSimpleName("Violations")
                .and()
                .resideOutsideOfPackage("dev.byline.internal.sql.generated..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.byline.internal.sql.generated..")
                .because("generated types stay in the classes that contain statements")
                .check(CLASSES);
    }

    @Test
    void layersDependOnlyOnLayersBelow() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("dev.byline..")
                .layer("server")
                .definedBy("dev.byline.server")
                .layer("http")
                .definedBy("dev.byline.http..")
                .layer("migrations")
                .definedBy("dev.byline.migrations")
                .layer("use cases")
                .definedBy("dev.byline")
                .layer("internal")
                .definedBy("dev.byline.internal..")
                .layer("model")
                .definedBy("dev.byline.model")
                .whereLayer("server")
                .mayOnlyAccessLayers("http", "migrations", "use cases", "model")
                .whereLayer("http")
                .mayOnlyAccessLayers("use cases", "model")
                .whereLayer("use cases")
                .mayOnlyAccessLayers("internal", "model")
                .whereLayer("internal")
                .mayOnlyAccessLayers("model")
                .whereLayer("model")
                .mayNotAccessAnyLayer()
                .whereLayer("migrations")
                .mayNotAccessAnyLayer()
                .because("dev.byline and dev.byline.model are the API, dev.byline.internal can change")
                .check(CLASSES);
    }

    @Test
    void importsOfHttpRunDown() {
        layeredArchitecture()
                .consideringOnlyDependenciesInAnyPackage("dev.byline.http..")
                .layer("routes")
                .definedBy("dev.byline.http")
                .layer("admission")
                .definedBy("dev.byline.http.admission")
                .layer("exchange")
                .definedBy("dev.byline.http.exchange")
                .layer("metrics")
                .definedBy("dev.byline.http.metrics")
                .layer("message")
                .definedBy("dev.byline.http.message")
                .whereLayer("admission")
                .mayOnlyAccessLayers("exchange", "metrics", "message")
                .whereLayer("exchange")
                .mayOnlyAccessLayers("metrics", "message")
                .whereLayer("metrics")
                .mayOnlyAccessLayers("message")
                .whereLayer("message")
                .mayNotAccessAnyLayer()
                .because("each package can be read without the ones above it")
                .check(CLASSES);
    }

    @Test
    void internalPackagesDoNotDependOnEachOtherInCycles() {
        slices().matching("dev.byline.internal.(*)..")
                .should()
                .beFreeOfCycles()
                .because("each package can be understood without the packages that use it")
                .check(CLASSES);
    }

    @Test
    void constructorsOfUseCasesAreInternal() {
        noConstructors()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage("dev.byline")
                .should()
                .bePublic()
                .because("Byline creates the use cases")
                .check(CLASSES);
    }

    @Test
    void onlyMainReadsTheEnvironmentAndExits() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.byline.server.Main")
                .and()
                .doNotHaveFullyQualifiedName("dev.byline.server.JarMain") // exits before Main can be loaded
                .should()
                .callMethod(System.class, "exit", int.class)
                .because("all other classes must be testable and embeddable")
                .check(CLASSES);
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.byline.server.Main")
                .should()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .because("all other classes must be testable and embeddable")
                .check(CLASSES);
    }

    @Test
    void childProcessesInheritNoSecrets() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.byline.server.ChildProcess")
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.ProcessBuilder")
                .orShould()
                .callMethod(Runtime.class, "exec", String[].class)
                .because("the environment contains all settings: ChildProcess passes on only what a child needs")
                .check(CLASSES);
    }

    @Test
    void thereAreNoThreadLocalsAndNoStaticVariables() {
        noFields()
                .should()
                .haveRawType(ThreadLocal.class)
                .because("the caller is an argument")
                .check(CLASSES);
        noFields()
                .that()
                .areStatic()
                .should()
                .notBeFinal()
                .because("two instances in one JVM share nothing")
                .check(CLASSES);
    }

    @Test
    void namesAndPackagesFollowTheMapInTheReadme() {
        noClasses()
                .should()
                .haveNameMatching(".*(Util|Utils|Helper|Manager|Impl|Processor)")
                .because("such names do not say what the class does")
                .check(CLASSES);
        classes()
                .that()
                .areTopLevelClasses()
                .should()
                .resideInAnyPackage(
                        "dev.byline",
                        "dev.byline.model",
                        "dev.byline.internal",
                        "dev.byline.internal.store",
                        "dev.byline.internal.sql",
                        "dev.byline.internal.sql.generated..",
                        "dev.byline.internal.pool",
                        "dev.byline.internal.replica",
                        "dev.byline.internal.cache",
                        "dev.byline.internal.feed",
                        "dev.byline.internal.security",
                        "dev.byline.http",
                        "dev.byline.http.admission",
                        "dev.byline.http.exchange",
                        "dev.byline.http.metrics",
                        "dev.byline.http.message",
                        "dev.byline.server",
                        "dev.byline.migrations")
                .because("the map in the README is complete")
                .check(CLASSES);
    }
}
