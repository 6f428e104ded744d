package org.lora4j.cli.command;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.cli.convert.AdapterFiles;
import org.lora4j.cli.convert.WeightedAdapters;
import org.lora4j.console.command.OptionCheck;
import org.lora4j.console.command.WorkCommand;
import org.lora4j.text.task.SavedAdapter;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code combine}: several adapters to one. */
@Command(name = "combine", description = "Combine adapters with weights into one, as PEFT's add_weighted_adapter does.")
public final class CombineCommand extends WorkCommand {
    private static final double HALF = 0.5;

    @Option(
            names = "--adapter",
            required = true,
            paramLabel = "DIR=WEIGHT",
            converter = WeightedFolder.Converter.class,
            description = "An adapter and its weight. Repeat it for each.")
    private final List<WeightedFolder> adapters = new ArrayList<>();

    @Option(names = "--output", required = true, paramLabel = "DIR", description = "The folder that is written.")
    @SuppressWarnings("NullAway.Init")
    private Path folder;

    @Option(
            names = "--method",
            paramLabel = "NAME",
            description = "How: ${COMPLETION-CANDIDATES}. Default: ${DEFAULT-VALUE}, the weighted sum, exactly.")
    private WeightedAdapters.Method method = WeightedAdapters.Method.CAT;

    @Option(
            names = "--rank",
            paramLabel = "R",
            description = "The rank of the method SVD. Default: the greatest of the adapters.")
    private @Nullable Integer rank;

    @Option(
            names = "--density",
            paramLabel = "SHARE",
            description =
                    "The share of elements that stay, for the methods that leave some out. Default: " + HALF + ".")
    private @Nullable Double density;

    @Option(names = "--seed", paramLabel = "N", description = "Seed of the methods DARE. Default: 0.")
    private @Nullable Long seed;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            description =
                    "The folder of their model, to store fingerprints of it, and to compare weights of it that an adapter"
                            + " has. Default: the fingerprints that all adapters have, if they agree.")
    private @Nullable Path model;

    @Mixin
    private final OverwriteOption overwrite = new OverwriteOption();

    @Mixin
    private final OutputOptions output = new OutputOptions();

    CombineCommand() {}

    /** An adapter and its weight. */
    private record WeightedFolder(Path folder, double weight) {
        /** Reads {@code DIR=WEIGHT}. A folder may have an equals sign in its name. */
        static final class Converter implements ITypeConverter<WeightedFolder> {
            @Override
            public WeightedFolder convert(String value) {
                int end = value.lastIndexOf('=');
                try {
                    return new WeightedFolder(
                            Path.of(value.substring(0, Math.max(0, end))),
                            Double.parseDouble(value.substring(end + 1)));
                } catch (NumberFormatException e) {
                    throw new TypeConversionException("it must be DIR=WEIGHT, such as adapters/style=0.3");
                }
            }
        }
    }

    @Override
    protected void checkOptions(OptionCheck check) {
        Set<Path> folders = new HashSet<>();
        for (WeightedFolder one : adapters) {
            check.require(
                    folders.add(one.folder().toAbsolutePath().normalize()),
                    "--adapter must name each adapter once, found " + one.folder() + " again; add its weights up");
        }
        check.atLeast("--rank", Objects.requireNonNullElse(rank, 1), 1);
        double share = Objects.requireNonNullElse(density, HALF);
        check.require(share > 0 && share <= 1, "--density must be above 0 and at most 1, found " + share);
        check.require(
                rank == null || method == WeightedAdapters.Method.SVD,
                "--rank must be used with the method SVD, found " + method);
        check.require(
                density == null || method.leavesOut(),
                "--density must be used with a method that leaves elements out, found " + method);
        check.require(
                seed == null || method.isByChance(),
                "--seed must be used with a method that chooses by chance, found " + method);
    }

    @Override
    protected void work() throws IOException {
        List<Path> read =
                new ArrayList<>(adapters.stream().map(WeightedFolder::folder).toList());
        if (model != null) {
            read.add(model);
        }
        overwrite.requireFolder(folder, read);
        List<SavedAdapter> sources = new ArrayList<>();
        for (WeightedFolder one : adapters) {
            sources.add(SavedAdapter.read(one.folder(), model));
        }
        LoRAAdapter combined = new WeightedAdapters(
                        sources, adapters.stream().map(WeightedFolder::weight).toList())
                .combine(
                        method,
                        Objects.requireNonNullElse(rank, 0),
                        Objects.requireNonNullElse(density, HALF),
                        Objects.requireNonNullElse(seed, 0L),
                        model);
        AdapterFiles.save(combined, sources, model, folder);
        Written written =
                new Written(folder.toString(), Map.of("rank", combined.config().rank()));
        output.show(
                out(),
                written,
                to -> to.line(
                        "adapter of rank %d written to %s", combined.config().rank(), written.output()));
    }
}
