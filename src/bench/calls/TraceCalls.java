import com.sun.jdi.Bootstrap;
import com.sun.jdi.Method;
import com.sun.jdi.StringReference;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.LaunchingConnector;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.event.MethodEntryEvent;
import com.sun.jdi.event.MethodExitEvent;
import com.sun.jdi.event.VMDeathEvent;
import com.sun.jdi.event.VMDisconnectEvent;
import com.sun.jdi.request.EventRequest;
import com.sun.jdi.request.MethodEntryRequest;
import com.sun.jdi.request.MethodExitRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Starts a program in a JVM of its own and counts the source files of this library through which its calls go. The program says
 * by its methods {@code begin(String)} and {@code end()} what is counted. It is traced by the JVM's own debugger interface, on
 * all threads. Constructors do not count, because values such as settings would hide the way of a call.
 *
 * <p>For each call it prints the number of files and their names by package, and how many methods and calls these are. With a
 * folder it writes the tree of all calls to a file there.
 *
 * <pre>{@code
 * java TraceCalls.java CLASS_PATH MAIN_CLASS [FOLDER]
 * }</pre>
 */
public final class TraceCalls {
    private static final String LIBRARY = "org.lora4j.";
    private static final String BENCHMARKS = "org.lora4j.bench.*";

    private final VirtualMachine machine;
    private final String program;
    private final Path folder;
    private final List<EventRequest> traced = new ArrayList<>();

    /** How many calls each thread is in. */
    private final Map<Long, Integer> depths = new HashMap<>();

    private final Map<String, TreeSet<String>> files = new TreeMap<>();
    private final TreeSet<String> methods = new TreeSet<>();
    private final StringBuilder tree = new StringBuilder();
    private String title = "";
    private int calls;

    private TraceCalls(VirtualMachine machine, String program, Path folder) {
        this.machine = machine;
        this.program = program;
        this.folder = folder;
    }

    public static void main(String[] args) throws Exception {
        LaunchingConnector connector = Bootstrap.virtualMachineManager().defaultConnector();
        Map<String, Connector.Argument> arguments = connector.defaultArguments();
        arguments
                .get("options")
                .setValue("-Dorg.nd4j.log.initialization=false -Dorg.nd4j.versioncheck=false -cp " + args[0]);
        arguments.get("main").setValue(args[1]);
        VirtualMachine machine = connector.launch(arguments);
        copy(machine.process().getInputStream(), System.out);
        copy(machine.process().getErrorStream(), System.err);
        new TraceCalls(machine, args[1], args.length > 2 ? Path.of(args[2]) : null).run();
        int exit = machine.process().waitFor();
        if (exit != 0) {
            throw new IllegalStateException("the program must end without an error, found exit " + exit);
        }
    }

    private static void copy(InputStream from, PrintStream to) {
        Thread thread = new Thread(() -> {
            try (InputStream in = from) {
                in.transferTo((OutputStream) to);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
        thread.setDaemon(true);
        thread.start();
    }

    private void run() throws Exception {
        MethodEntryRequest marks = machine.eventRequestManager().createMethodEntryRequest();
        marks.addClassFilter(program);
        marks.enable();
        MethodEntryRequest entries = machine.eventRequestManager().createMethodEntryRequest();
        entries.addClassFilter(LIBRARY + "*");
        entries.addClassExclusionFilter(BENCHMARKS);
        entries.setSuspendPolicy(EventRequest.SUSPEND_NONE);
        MethodExitRequest exits = machine.eventRequestManager().createMethodExitRequest();
        exits.addClassFilter(LIBRARY + "*");
        exits.addClassExclusionFilter(BENCHMARKS);
        exits.setSuspendPolicy(EventRequest.SUSPEND_NONE);
        traced.addAll(List.of(entries, exits));
        try {
            while (true) {
                EventSet events = machine.eventQueue().remove();
                for (Event event : events) {
                    if (event instanceof VMDeathEvent || event instanceof VMDisconnectEvent) {
                        return;
                    }
                    accept(event);
                }
                events.resume();
            }
        } catch (VMDisconnectedException e) {
            // The program has ended.
        }
    }

    private void accept(Event event) throws Exception {
        if (event instanceof MethodEntryEvent entry) {
            Method method = entry.method();
            if (method.declaringType().name().equals(program)) {
                mark(entry);
            } else {
                enter(entry.thread().uniqueID(), method);
            }
        } else if (event instanceof MethodExitEvent exit) {
            depths.merge(exit.thread().uniqueID(), -1, Integer::sum);
        }
    }

    private void mark(MethodEntryEvent entry) throws Exception {
        if (entry.method().name().equals("begin")) {
            title = ((StringReference) entry.thread().frame(0).getArgumentValues().get(0)).value();
            depths.clear();
            files.clear();
            methods.clear();
            tree.setLength(0);
            calls = 0;
            traced.forEach(EventRequest::enable);
        } else if (entry.method().name().equals("end")) {
            traced.forEach(EventRequest::disable);
            report();
        }
    }

    private void enter(long thread, Method method) {
        int depth = depths.merge(thread, 1, Integer::sum);
        if (method.isConstructor() || method.isStaticInitializer()) {
            return;
        }
        String type = method.declaringType().name();
        int end = type.indexOf('$') < 0 ? type.length() : type.indexOf('$');
        String file = type.substring(0, end);
        int dot = file.lastIndexOf('.');
        files.computeIfAbsent(file.substring(0, dot), key -> new TreeSet<>()).add(file.substring(dot + 1));
        methods.add(type + "." + method.name());
        calls++;
        tree.append("  ".repeat(Math.max(0, depth - 1)))
                .append(type.substring(LIBRARY.length()))
                .append('.')
                .append(method.name())
                .append('\n');
    }

    private void report() throws IOException {
        int count = files.values().stream().mapToInt(TreeSet::size).sum();
        System.out.println(title + ": " + count + " files, " + methods.size() + " methods, " + calls + " calls");
        files.forEach((name, all) -> System.out.println("   " + name + " " + all.size() + " " + all));
        if (folder != null) {
            Files.createDirectories(folder);
            Files.writeString(folder.resolve(title.replace(' ', '-') + ".txt"), tree, StandardCharsets.UTF_8);
        }
    }
}
