package dev.byline.server;

/**
 * Entry point of the jar. Compiled for Java 8, so that an older Java says what is needed: of a class for Java 21 it only
 * says UnsupportedClassVersionError. {@link Main} is loaded after the check.
 */
public final class JarMain {
    private static final int OLDEST = 21;

    private JarMain() {}

    /**
     * Runs {@link Main}; exits with status 2 if Java is too old for it.
     *
     * @param arguments the command and its arguments
     */
    public static void main(String[] arguments) {
        String fault = fault(System.getProperty("java.specification.version"));
        if (!fault.isEmpty()) {
            System.err.println(fault);
            System.exit(2);
        }
        Main.main(arguments);
    }

    /**
     * Returns why the program cannot run on a Java; empty if it can.
     *
     * @param version its specification, such as 17, or 1.8 before Java 9
     */
    static String fault(String version) {
        String major = version.startsWith("1.") ? version.substring(2) : version;
        return Integer.parseInt(major) >= OLDEST ? "" : "Byline needs Java " + OLDEST + " or newer; this is " + major;
    }
}
