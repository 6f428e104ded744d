package org.lora4j.model.internal;

import org.lora4j.nn.Model;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.compute.internal.Predictor;
import org.lora4j.nn.input.Input;
import org.nd4j.linalg.api.ndarray.INDArray;

/** A model with the adapter that it had at one moment, whatever becomes of the adapter. */
final class PinnedModel extends Model {
    private final Predictor predictor;
    private final EffectiveLayers layers;

    PinnedModel(LayerStack stack, Predictor predictor, EffectiveLayers layers) {
        super(stack);
        this.predictor = predictor;
        this.layers = layers;
    }

    @Override
    public INDArray predict(Input x) {
        return predictor.predict(x, layers);
    }

    @Override
    public void predictInto(Input x, INDArray y) {
        predictor.predictInto(x, layers, y);
    }

    @Override
    public EffectiveLayers effectiveLayers() {
        return layers;
    }

    @Override
    public Segment newTrainingSegment() {
        throw new IllegalStateException("a model of one moment does not train; train a view of its adapter");
    }
}
