package dev.byline;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noFields;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

class HouseRulesTest {
    private static final JavaClasses HOUSE = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .withImportOption(location -> !location.contains("/db/generated/"))
            .importPackages("dev.byline");

    private static final String[] CORE = {
        "dev.byline",
        "dev.byline.user",
        "dev.byline.post",
        "dev.byline.token",
        "dev.byline.idempotency",
        "dev.byline.feed",
        "dev.byline.cache",
        "dev.byline.page",
        "dev.byline.db.."
    };

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
                .resideOutsideOfPackage("dev.byline.db.generated..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("dev.byline.db.generated..")
                .because("generated types never leave the classes that hold statements")
                .check(HOUSE);
    }

    @Test
    void partsOfCoreDoNotDependOnEachOtherInCircles() {
        slices().matching("dev.byline.(user|post|token|idempotency|feed|cache|page|db|http|server)..")
                .should()
                .beFreeOfCycles()
                .because("each part can be read without the ones above it")
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
                        "dev.byline.user",
                        "dev.byline.post",
                        "dev.byline.token",
                        "dev.byline.idempotency",
                        "dev.byline.feed",
                        "dev.byline.cache",
                        "dev.byline.page",
                        "dev.byline.db",
                        "dev.byline.db.generated..",
                        "dev.byline.http",
                        "dev.byline.server",
                        "dev.byline.migrations")
                .because("the map in the README is whole")
                .check(HOUSE);
    }
}
