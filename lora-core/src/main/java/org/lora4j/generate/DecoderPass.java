package org.lora4j.generate;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import org.lora4j.internal.memory.ArrayMemory;
import org.lora4j.nn.batch.internal.EffectiveLayers;
import org.lora4j.nn.batch.internal.LayerStack;
import org.lora4j.nn.batch.internal.Segment;
import org.lora4j.nn.batch.internal.Segments;
import org.lora4j.nn.compute.internal.Pass;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.layer.WeightedLayer;
import org.nd4j.linalg.api.ndarray.INDArray;

/** Computes the next tokens of texts, each with its own effective layers. It belongs to one thread at a time. */
final class DecoderPass {
    /** More tokens at a time are no faster. */
    private static final int MAX_TOKENS = 4096;

    private final LayerStack network;
    private final double[] logits;
    private final float[] floats;
    private @Nullable Pass pass;

    DecoderPass(LayerStack network) {
        this.network = network;
        logits = new double[Math.toIntExact(network.outputSize())];
        floats = new float[logits.length];
    }

    /** Takes a row of the output. */
    @FunctionalInterface
    interface Row {
        /**
         * Takes the logits of a row.
         *
         * @param row the number of the text or token
         * @param logits may be overwritten
         */
        void accept(int row, double[] logits);
    }

    /**
     * Computes the next tokens of one text, up to one of them.
     *
     * @param action takes the logits of each row, with the number of its token if the output has a row for each
     */
    void compute(CachedSequence text, int to, Row action) {
        text.check();
        int from = text.from();
        forward(
                Map.of(text.layers(), List.of(text)),
                each -> to - from,
                (row, ofRow) -> action.accept(from + row, ofRow));
    }

    /**
     * Computes all texts to their ends.
     *
     * @param action takes the logits of each text
     */
    void compute(List<CachedSequence> texts, Row action) {
        compute(texts, Integer.MAX_VALUE, action);
    }

    /**
     * Computes the next tokens of all texts.
     *
     * @param most about how many tokens of each are computed
     * @param action takes the logits of each text that is computed to its end
     */
    void compute(List<CachedSequence> texts, int most, Row action) {
        int begin = 0;
        while (begin < texts.size()) {
            Map<EffectiveLayers, List<CachedSequence>> block = new LinkedHashMap<>();
            Map<CachedSequence, Integer> numbers = new LinkedHashMap<>();
            int tokens = 0;
            int end = begin;
            while (end < texts.size() && (end == begin || tokens <= MAX_TOKENS)) {
                CachedSequence text = texts.get(end);
                text.check();
                block.computeIfAbsent(text.layers(), key -> new ArrayList<>()).add(text);
                numbers.put(text, end);
                tokens += text.part(most);
                end++;
            }
            List<Integer> inOrder = new ArrayList<>();
            block.values().forEach(group -> group.forEach(text -> inOrder.add(numbers.get(text))));
            forward(block, text -> text.part(most), (row, ofRow) -> {
                CachedSequence text = texts.get(inOrder.get(row));
                if (text.from() == text.length()) {
                    action.accept(inOrder.get(row), ofRow);
                }
            });
            begin = end;
        }
    }

    private void forward(
            Map<EffectiveLayers, List<CachedSequence>> byLayers, ToIntFunction<CachedSequence> most, Row action) {
        Pass used = pass == null ? new Pass(network, false, () -> WeightedLayer::original) : pass;
        // After an exception it is dropped, because it may hold notes of a computation that did not end.
        pass = null;
        List<Segment> segments = new ArrayList<>();
        List<Integer> counts = new ArrayList<>();
        List<CachedSequence> texts = new ArrayList<>();
        byLayers.forEach((layers, group) -> {
            segments.add(byLayers.size() == 1 ? used.predicting(layers) : Segment.predicting(network, layers));
            counts.add(group.size());
            texts.addAll(group);
        });
        Sequences next = Sequences.continuing(
                texts.stream().map(text -> text.next(most.applyAsInt(text))).toArray(int[][]::new),
                texts.stream().mapToInt(CachedSequence::from).toArray());
        INDArray output = used.forward(Segments.divide(next, segments, counts)
                .continuing(texts.stream().map(CachedSequence::cache).toList()));
        pass = used;
        ArrayMemory memory = new ArrayMemory(output);
        for (int row = 0; row < output.size(0); row++) {
            read(memory, row);
            action.accept(row, logits);
        }
    }

    private void read(ArrayMemory memory, int row) {
        if (!memory.isFloat()) {
            memory.get(row * logits.length, logits, 0, logits.length);
            return;
        }
        memory.get(row * logits.length, floats, 0, floats.length);
        for (int i = 0; i < logits.length; i++) {
            logits[i] = floats[i];
        }
    }
}
