package org.lora4j.dl4j;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.deeplearning4j.nn.api.Layer;
import org.deeplearning4j.nn.conf.ComputationGraphConfiguration;
import org.deeplearning4j.nn.conf.InputPreProcessor;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.graph.FrozenVertex;
import org.deeplearning4j.nn.conf.graph.GraphVertex;
import org.deeplearning4j.nn.conf.graph.LayerVertex;
import org.deeplearning4j.nn.graph.ComputationGraph;
import org.deeplearning4j.nn.updater.graph.ComputationGraphUpdater;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A graph of layers, whose module paths are the names of their vertices. */
final class GraphHost implements Host<ComputationGraph> {
    private final ComputationGraph base;
    private final List<HostLayer> layers = new ArrayList<>();

    GraphHost(ComputationGraph base) {
        this.base = base;
        for (org.deeplearning4j.nn.graph.vertex.GraphVertex vertex : base.getVertices()) {
            if (vertex.hasLayer()) {
                layers.add(HostLayer.of(vertex.getVertexName(), conf(base, vertex.getVertexName()), vertex.getLayer()));
            } else if (vertex.numParams() > 0) {
                throw new IllegalArgumentException("vertex '" + vertex.getVertexName()
                        + "': only layers can have parameters, found a "
                        + vertex.getClass().getSimpleName()
                        + " with " + vertex.numParams() + "; adapt the networks before and after it separately");
            }
        }
    }

    private static org.deeplearning4j.nn.conf.layers.Layer conf(ComputationGraph graph, String path) {
        return layerConf(graph.getConfiguration(), path).getLayer();
    }

    private static NeuralNetConfiguration layerConf(ComputationGraphConfiguration conf, String path) {
        GraphVertex vertex = conf.getVertices().get(path);
        LayerVertex inside = (LayerVertex) (vertex instanceof FrozenVertex frozen ? frozen.getUnderlying() : vertex);
        return Objects.requireNonNull(inside, path).getLayerConf();
    }

    @Override
    public ComputationGraph base() {
        return base;
    }

    @Override
    public int iterations() {
        return base.getConfiguration().getIterationCount();
    }

    @Override
    public List<HostLayer> layers() {
        return layers;
    }

    @Override
    public ComputationGraph create(Adaptation adaptation) {
        ComputationGraphConfiguration conf = base.getConfiguration().clone();
        Map<String, GraphVertex> vertices = conf.getVertices();
        vertices.replaceAll((name, vertex) -> vertex instanceof FrozenVertex frozen ? frozen.getUnderlying() : vertex);
        Set<String> first = first(conf);
        for (HostLayer layer : layers) {
            LayerVertex vertex = (LayerVertex) Objects.requireNonNull(vertices.get(layer.path()));
            NeuralNetConfiguration inner = vertex.getLayerConf();
            boolean passesGradient = !first.contains(layer.path());
            if (layer.hasParameters()) {
                inner.setLayer(layer.adapted(inner.getLayer(), adaptation, passesGradient));
                inner.clearVariables();
            } else {
                inner.setLayer(HostLayer.unfrozen(inner.getLayer()));
            }
            InputPreProcessor preprocessor = vertex.getPreProcessor();
            if (!passesGradient && preprocessor != null) {
                vertices.put(layer.path(), new LayerVertex(inner, new ForwardOnly(preprocessor)));
            }
        }
        conf.setIterationCount(0);
        conf.setEpochCount(0);
        ComputationGraph network = new ComputationGraph(conf);
        network.init();
        return network;
    }

    /**
     * The layers with parameters whose input is that of the network, where DL4J needs no gradient. It adds up the gradients
     * of all that read the same input, so they must be such layers too.
     */
    private Set<String> first(ComputationGraphConfiguration conf) {
        Set<String> withParameters = new HashSet<>();
        layers.stream().filter(HostLayer::hasParameters).forEach(layer -> withParameters.add(layer.path()));
        Set<String> inputs = new HashSet<>(conf.getNetworkInputs());
        conf.getVertexInputs().forEach((name, from) -> {
            if (!withParameters.contains(name)) {
                inputs.removeAll(from);
            }
        });
        Set<String> first = new HashSet<>();
        conf.getVertexInputs().forEach((name, from) -> {
            if (withParameters.contains(name) && inputs.containsAll(from)) {
                first.add(name);
            }
        });
        return first;
    }

    @Override
    public ComputationGraph copy(Set<String> withBias) {
        if (withBias.isEmpty()) {
            return base.clone();
        }
        ComputationGraphConfiguration conf = base.getConfiguration().clone();
        withBias.forEach(path -> OptionalBias.add(layerConf(conf, path)));
        ComputationGraph copy = new ComputationGraph(conf);
        copy.init();
        layers.forEach(layer -> OptionalBias.copyParameters(base.getLayer(layer.path()), copy.getLayer(layer.path())));
        return copy;
    }

    @Override
    public Layer layer(ComputationGraph network, String path) {
        return network.getLayer(path);
    }

    @Override
    public void copyTraining(ComputationGraph from, ComputationGraph to) {
        to.getConfiguration().setIterationCount(from.getConfiguration().getIterationCount());
        to.getConfiguration().setEpochCount(from.getConfiguration().getEpochCount());
        to.applyConstraints(
                from.getConfiguration().getIterationCount(),
                from.getConfiguration().getEpochCount()); // Tells the layers how many steps there were.
        ComputationGraphUpdater updater = from.getUpdater(false);
        INDArray state = updater == null ? null : updater.getStateViewArray();
        if (state != null) {
            to.getUpdater().setStateViewArray(state);
        }
    }
}
