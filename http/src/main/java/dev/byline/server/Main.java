package dev.byline.server;

/** The program's entry: the only place that knows the environment and ends the JVM. */
public final class Main {
    private Main() {}

    /**
     * Runs a command and exits with its status.
     *
     * @param arguments the command and its own arguments; {@code serve} when there are none
     */
    @SuppressWarnings("SystemConsoleNull") // null is what jdk.console=java.base says without a terminal
    public static void main(String[] arguments) {
        OutOfMemory.watchThreads();
        System.setProperty("jdk.console", "java.base");
        var interactive = System.console() != null;
        var terminal = new Terminal(System.out, System.err, interactive);
        System.exit(new Command(System.getenv(), terminal).run(arguments));
    }
}
