package dev.byline.server;

/** Entry point: the only class that reads the environment and exits the JVM. */
public final class Main {
    private Main() {}

    /**
     * Runs a command and exits with its status.
     *
     * @param arguments the command and its arguments; {@code serve} if empty
     */
    @SuppressWarnings("SystemConsoleNull") // with jdk.console=java.base it is null without a terminal
    public static void main(String[] arguments) {
        OutOfMemory.watchThreads();
        System.setProperty("jdk.console", "java.base");
        var interactive = System.console() != null;
        var environment = System.getenv();
        System.exit(new Command(environment, Console.of(interactive, environment)).run(arguments));
    }
}
