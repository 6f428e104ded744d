package org.lora4j.cli.command;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.lora4j.cli.serve.ApiKeys;
import org.lora4j.cli.serve.ModelServer;
import org.lora4j.cli.serve.NativeHeap;
import org.lora4j.cli.serve.ServedJobs;
import org.lora4j.cli.serve.ServedModel;
import org.lora4j.cli.serve.TrainingFolder;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code serve}: a model and its adapters over HTTP. */
@Command(
        name = "serve",
        description = "Answer requests over HTTP in the form of OpenAI's API, until Ctrl-C: chats, responses and"
                + " completions with a decoder, embeddings with an encoder, and embeddings, classes and ranked documents"
                + " with adapters of 'lora retrieve', 'lora classify' and 'lora rerank'. The field 'model' of a"
                + " request names the adapter. Anyone who reaches the port can use each adapter, unless --api-key-file says"
                + " who may.")
public final class ServeCommand extends WorkCommand {
    private static final int LAST_PORT = 65_535;

    /** As browsers write it: in small letters. */
    private static final Pattern ORIGIN = Pattern.compile("\\*|[a-z][a-z0-9+.-]*://[^/?#\\s,A-Z]+");

    @Option(
            names = "--model",
            required = true,
            paramLabel = "DIR",
            description = "The folder of the model, or a GGUF file.")
    @SuppressWarnings("NullAway.Init")
    private Path model;

    @Option(
            names = "--adapters",
            paramLabel = "DIR",
            description =
                    "The folder with a sub-folder for each adapter. An adapter is loaded when a request needs it.")
    private @Nullable Path adapters;

    @Option(
            names = "--allow-base",
            description = "Serve the model without an adapter too, under the name of its folder.")
    private boolean allowBase;

    @Option(
            names = "--rerank",
            description =
                    "The model alone, and adapters that do not say what they are for, score pairs of a query and a document:"
                            + " by a classifier of one output, or by the answer yes of a decoder such as Qwen3-Reranker.")
    private boolean rerank;

    @Option(
            names = "--classify",
            description = "The model alone, and adapters that do not say what they are for, classify texts, each with"
                    + " labels of its own.")
    private boolean classify;

    @Option(names = "--host", paramLabel = "NAME", description = "Where to listen. Default: ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(
            names = "--port",
            paramLabel = "N",
            description = "Where to listen; 0 for any free port, which is printed. Default: ${DEFAULT-VALUE}.")
    private int port = 8080;

    @Option(
            names = "--accept-host",
            paramLabel = "NAME",
            description = "Another name of this server that requests may give as Host, such as that of a proxy; can be"
                    + " repeated. A server on a loopback address takes only localhost and the like; one on another"
                    + " address takes any name unless this option is given.")
    private Set<String> hosts = new TreeSet<>();

    @Option(
            names = "--allow-origin",
            paramLabel = "ORIGIN",
            description = "Let the scripts of the pages of an origin, such as https://app.example, read the answers"
                    + " (CORS); can be repeated; * for those of any page. Default: none.")
    private Set<String> origins = new TreeSet<>();

    @Option(
            names = "--api-key-file",
            paramLabel = "FILE",
            description =
                    "A file with the keys of the clients, which they send as bearer tokens. Each line has a key and"
                            + " the adapters that it may use, or * for all; a name with spaces or = is in quotation marks."
                            + " name=, requests=, tokens=, compile=, files= and storage= name a key for the log and limit it; with"
                            + " train=yes it may use --train. Without this option"
                            + " no key is needed.")
    private @Nullable Path keys;

    @Option(
            names = "--page",
            description =
                    "Give a page at / with which people can try adapters in a browser. Hosts and keys count for it too.")
    private boolean page;

    @Option(
            names = "--access-log",
            description =
                    "Print a line for each request, with the time, the name of the key, the adapter, the path, the status,"
                            + " milliseconds and tokens. It has no text of a request, and no key.")
    private boolean logs;

    @Mixin
    private final TextLimit textLimit = new TextLimit();

    @Mixin
    private final StorageOption storage = new StorageOption();

    @Mixin
    private final ServeOptions options = new ServeOptions();

    @Mixin
    private final TrainServeOptions training = new TrainServeOptions();

    ServeCommand() {}

    @Override
    protected void checkOptions(OptionCheck check) {
        check.inRange("--port", port, 0, LAST_PORT);
        check.require(
                adapters != null || allowBase || training.isGiven(),
                "--adapters must be given unless --allow-base serves the model alone or --train makes some, found none of"
                        + " them");
        check.require(
                !rerank || !classify, "--rerank and --classify must not be given together; serve the model twice");
        for (String origin : origins) {
            check.require(
                    ORIGIN.matcher(origin).matches(),
                    "--allow-origin must be * or an origin such as https://app.example or http://localhost:3000, without"
                            + " a path, found " + origin);
        }
        options.check(check);
        training.check(check);
        textLimit.check(check);
        boolean isDecoder;
        try {
            isDecoder = ServedModel.generates(model);
        } catch (IOException | IllegalArgumentException e) {
            // Refused when it is opened.
            return;
        }
        check.require(
                !isDecoder
                        || unsaid() != ServedModel.Unsaid.AS_THE_MODEL
                        || textLimit.value().isEmpty(),
                "--max-tokens must be used with an encoder, --rerank or --classify, found a decoder with it; --max-new-tokens limits its answers");
    }

    @Override
    protected String kept() {
        return "running requests end first";
    }

    @Override
    protected void work() throws IOException {
        boolean unused = NativeHeap.returnLargeBlocks();
        ModelServer.Clients clients = new ModelServer.Clients(
                hosts, origins, keys == null ? null : ApiKeys.read(keys), page, logs ? this::log : null);
        try (TrainingFolder folder = training.open()) {
            Path from = adapters == null && folder != null ? folder.adapters() : adapters;
            ServedModel.Settings settings = new ServedModel.Settings(
                    model, from, allowBase, storage.value(), unsaid(), textLimit.value(), options.limits());
            serve(clients, settings, folder);
        }
    }

    private void serve(ModelServer.Clients clients, ServedModel.Settings settings, @Nullable TrainingFolder folder)
            throws IOException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(host), port);
        try (ServedModel served = ServedModel.open(settings);
                ServedJobs jobs = folder == null ? null : ServedJobs.open(folder, served, training.limits());
                ModelServer server = ModelServer.start(address, clients, served, jobs)) {
            run(server, served.names().size());
        }
    }

    private void log(String line) {
        out().println(Instant.now().truncatedTo(ChronoUnit.MILLIS) + " " + line);
        out().flush();
    }

    private ServedModel.Unsaid unsaid() {
        return rerank
                ? ServedModel.Unsaid.RERANK
                : classify ? ServedModel.Unsaid.CLASSIFY : ServedModel.Unsaid.AS_THE_MODEL;
    }

    private void run(ModelServer server, int names) throws IOException {
        Thread stop = new Thread(server::close, "lora-stop");
        Runtime.getRuntime().addShutdownHook(stop);
        try {
            String shown = host.contains(":") ? "[" + host + "]" : host;
            out().println("serving " + names + (names == 1 ? " model" : " models") + " on http://" + shown + ":"
                    + server.address().getPort() + "/v1"
                    + (page ? "; open http://" + shown + ":" + server.address().getPort() + "/" : ""));
            out().flush();
            server.awaitClose();
        } catch (InterruptedException e) {
            // Whoever runs this command in a thread of its own ends it so. The server then ends running requests first.
            out().println("interrupted");
        } finally {
            removeHook(stop);
        }
    }

    private static void removeHook(Thread stop) {
        try {
            Runtime.getRuntime().removeShutdownHook(stop);
        } catch (IllegalStateException e) {
            // The process ends already, and the thread runs.
        }
    }
}
