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

class HouseRulesTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("/sql/generated/"))
            .importPackages("dev.byline");

    private static final String[] CORE = {"dev.byline", "dev.byline.model", "dev.byline.internal.."};

    @Test
    void coreKnowsNoHttp() {
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
                        "jakarta.servlet..",
                        "org.flywaydb..")
                .because("core is embedded by programs that bring their own HTTP and migrate in their own way")
                .check(HOUSE);
    }

    @Test
    void httpKnowsNoDatabase() {
        noClasses()
                .that()
                .resideInAPackage("dev.byline.http..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.jooq..", "java.sql..", "javax.sql..", "org.postgresql..", "com.zaxxer..")
                .because("a route parses, calls core once and renders")
                .check(HOUSE);
    }

    @Test
    void httpKnowsNoProgram() {
        noClasses()
                .that()
                .resideInAPackage("dev.byline.http..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.byline.server..")
                .because("the program starts the server, not the other way round")
                .check(HOUSE);
    }

    @Test
    void statementsStandInSqlClassesOnly() {
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
                .because("generated types never leave the classes that hold statements")
                .check(HOUSE);
    }

    @Test
    void importsRunDown() {
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
                .because("dev.byline and dev.byline.model are promised, dev.byline.internal is free to change")
                .check(HOUSE);
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
                .check(HOUSE);
    }

    @Test
    void internalPackagesDoNotDependOnEachOtherInCycles() {
        slices().matching("dev.byline.internal.(*)..")
                .should()
                .beFreeOfCycles()
                .because("each package can be read without the ones above it")
                .check(HOUSE);
    }

    @Test
    void constructorsOfUseCasesAreInternal() {
        noConstructors()
                .that()
                .areDeclaredInClassesThat()
                .resideInAPackage("dev.byline")
                .should()
                .bePublic()
                .because("Byline opens its parts")
                .check(HOUSE);
    }

    @Test
    void onlyMainKnowsTheEnvironmentAndEndsTheProgram() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.byline.server.Main")
                .should()
                .callMethod(System.class, "getenv")
                .orShould()
                .callMethod(System.class, "getenv", String.class)
                .orShould()
                .callMethod(System.class, "exit", int.class)
                .because("everything else can be tested and embedded")
                .check(HOUSE);
    }

    @Test
    void childProcessesInheritNoSecrets() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName("dev.byline.server.ChildProcess")
                .and()
                .doNotHaveSimpleName("TestPostgres") // of the tests, though in a jar of its own
                .should()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.ProcessBuilder")
                .orShould()
                .callMethod(Runtime.class, "exec", String[].class)
                .because("a process' environment holds every setting: ChildProcess passes on what is needed")
                .check(HOUSE);
    }

    @Test
    void nothingIsKeptInThreadLocalsOrStaticVariables() {
        noFields()
                .should()
                .haveRawType(ThreadLocal.class)
                .because("who calls is an argument")
                .check(HOUSE);
        noFields()
                .that()
                .areStatic()
                .should()
                .notBeFinal()
                .because("two instances in one JVM share nothing")
                .check(HOUSE);
    }

    @Test
    void thereIsNoRoomForEverythingElse() {
        noClasses()
                .should()
                .haveNameMatching(".*(Util|Utils|Helper|Manager|Impl|Processor)")
                .because("such names say nothing: find the subject")
                .check(HOUSE);
        classes()
                .that()
                .areTopLevelClasses()
                .should()
                .resideInAnyPackage(
                        "dev.byline",
                        "dev.byline.model",
                        "dev.byline.internal.store",
                        "dev.byline.internal.sql",
                        "dev.byline.internal.sql.generated..",
                        "dev.byline.internal.pool",
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
                .because("the map in the README is whole")
                .check(HOUSE);
    }
}
