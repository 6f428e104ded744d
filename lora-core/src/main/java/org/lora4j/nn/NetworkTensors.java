package org.lora4j.nn;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Predicate;
import org.lora4j.internal.MessageText;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.weight.internal.MatrixConversion;
import org.nd4j.linalg.api.ndarray.INDArray;

/**
 * The parameters of a network as tensors, with the keys and shapes of PyTorch's {@code state_dict}:
 * {@code linear1.weight [out, in]}, {@code linear1.bias [out]} and so on. The metadata hold the architecture.
 */
final class NetworkTensors {
    private static final String ARCHITECTURE = "lora4j.architecture";

    /** If a few tensors are missing, the message is to name them. */
    private static final long SPARE_ELEMENTS = 1_000_000;

    private NetworkTensors() {}

    /**
     * The original parameters; arrays of the own type are held, not copied.
     *
     * @param precision the type of large matrices
     * @throws IllegalArgumentException if a parameter holds NaN or an infinity, which {@link #load} would refuse
     */
    static SafeTensors of(Network network, Dtype precision) {
        SafeTensorsBuilder tensors = SafeTensors.builder().metadata("format", "pt");
        NetworkArchitecture.find(network).ifPresent(found -> tensors.metadata(ARCHITECTURE, found.toJson()));
        add(network, tensors, precision, name -> false, Optional::of);
        return tensors.build();
    }

    /** Adds the original parameters that have a name in a file. */
    static void add(
            Network network,
            SafeTensorsBuilder file,
            Dtype precision,
            Predicate<String> isTransposed,
            Function<String, Optional<String>> names) {
        Objects.requireNonNull(precision, "precision must not be null");
        Dtype own = network.fileType();
        boolean isHalf = own == Dtype.F32 && precision == Dtype.BF16;
        if (!isHalf && precision != own) {
            throw new IllegalArgumentException("precision: must be " + own + (own == Dtype.F32 ? " or BF16" : "")
                    + " for a network of " + network.dataType() + ", found " + precision);
        }
        for (Parameter parameter : network.parameters()) {
            Optional<String> name = names.apply(parameter.name());
            if (name.isEmpty()) {
                continue;
            }
            boolean writesHalf = isHalf && parameter.weight().fitsFewerBits() && parameter.isFinite();
            INDArray array =
                    writesHalf ? MatrixConversion.toBFloat16(parameter.weight().matrix()) : parameter.value();
            INDArray written =
                    isTransposed.test(parameter.name()) ? array.transpose().dup('c') : array;
            if (writesHalf) {
                file.tensor(name.get(), written);
            } else {
                file.finiteTensor(name.get(), written);
            }
        }
    }

    /** Creates the network that the metadata describe, with the parameters. */
    static Network create(SafeTensors tensors) throws SafeTensorsException {
        String architecture = tensors.metadata().get(ARCHITECTURE);
        if (architecture == null) {
            throw new SafeTensorsException(
                    tensors.source(),
                    "metadata",
                    "must have the key " + ARCHITECTURE + "; build the network and call loadParameters for a file that"
                            + " this library did not write",
                    MessageText.list(tensors.metadata().keySet()));
        }
        Network network;
        try {
            network = NetworkArchitecture.parse(architecture, (double) (elements(tensors) + SPARE_ELEMENTS))
                    .build(0);
        } catch (IllegalArgumentException e) {
            throw new SafeTensorsException(
                    tensors.source(),
                    "metadata " + ARCHITECTURE,
                    "must describe a network",
                    MessageText.line(String.valueOf(e.getMessage())));
        }
        load(network, tensors);
        network.parameters().forEach(parameter -> parameter.weight().own());
        return network;
    }

    private static long elements(SafeTensors tensors) {
        long elements = 0;
        for (String name : tensors.names()) {
            elements += Arrays.stream(tensors.shape(name)).reduce(1, (one, other) -> one * other);
        }
        return elements;
    }

    /** Loads parameters into a network. It is changed only if everything fits. */
    static void load(Network network, SafeTensors tensors) throws SafeTensorsException {
        requireTrainable(network);
        requireFits(network, tensors);
        Map<Parameter, INDArray> loaded = new LinkedHashMap<>();
        for (Parameter parameter : network.parameters()) {
            loaded.put(parameter, tensors.finiteTensor(parameter.name(), network.dataType()));
        }
        loaded.forEach(Parameter::assign);
    }

    private static void requireTrainable(Network network) {
        List<String> frozen = network.parameters().stream()
                .filter(parameter -> !parameter.isTrainable())
                .map(Parameter::name)
                .toList();
        if (!frozen.isEmpty()) {
            throw new IllegalStateException("frozen parameters must not be written to, because adapters depend on them,"
                    + " found frozen " + frozen + "; load into another network, or call unfreeze before");
        }
    }

    private static void requireFits(Network network, SafeTensors tensors) throws SafeTensorsException {
        List<String> missing = new ArrayList<>();
        List<String> misshapen = new ArrayList<>();
        Set<String> unknown = new LinkedHashSet<>(tensors.names());
        for (Parameter parameter : network.parameters()) {
            String name = parameter.name();
            if (!unknown.remove(name)) {
                missing.add(name);
                continue;
            }
            long[] expected = parameter.shape();
            long[] found = tensors.shape(name);
            if (!Arrays.equals(expected, found)) {
                misshapen.add(name + " must be " + Arrays.toString(expected) + ", found " + Arrays.toString(found));
            }
        }
        List<String> problems = new ArrayList<>();
        if (!missing.isEmpty()) {
            problems.add("missing " + missing);
        }
        if (!unknown.isEmpty()) {
            problems.add("unknown " + unknown);
        }
        if (!misshapen.isEmpty()) {
            problems.add("misshapen " + misshapen);
        }
        if (!problems.isEmpty()) {
            throw new SafeTensorsException(
                    tensors.source(),
                    "tensors",
                    "must be exactly the parameters of the network",
                    MessageText.line(String.join("; ", problems)));
        }
    }
}
