package org.lora4j.nn.transformer;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.lora4j.nn.layer.Embedding;
import org.lora4j.nn.layer.Layer;
import org.lora4j.nn.layer.TokenEmbeddings;
import org.lora4j.nn.parameter.Parameter;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * What the files of a model must hold and may hold, by plain names. It follows from the layers: they are created once around
 * arrays that have no memory of their own, and what they ask for is noted.
 *
 * @param required the tensors up to the last hidden state
 * @param optional the tensors of a pooler, a classifier and a head, which files have for some tasks
 * @param pooler the names of the optional tensors of the pooler
 * @param classifier the names of those of the classifier that the pooler does not have
 * @param ends the names of all tensors without a prefix
 * @param underClassifier the names of those that a classifier needs below the prefix, such as BERT's pooler
 */
record ExpectedTensors(
        Map<String, Expected> required,
        Map<String, Expected> optional,
        Set<String> pooler,
        Set<String> classifier,
        Set<String> ends,
        Set<String> underClassifier) {

    /** A tensor. */
    static final class Expected {
        private final long[] shape;
        private final boolean isTransposed;

        private Expected(long[] shape, boolean isTransposed) {
            this.shape = shape;
            this.isTransposed = isTransposed;
        }

        /** The shape in a layer. */
        long[] shape() {
            return shape;
        }

        /** Whether files hold the transposed matrix. */
        boolean isTransposed() {
            return isTransposed;
        }

        /** The shape in a file. */
        long[] stored() {
            return isTransposed ? new long[] {shape[1], shape[0]} : shape;
        }
    }

    /**
     * Asks the layers of the family of a model.
     *
     * @param config the configuration, which says whether a classifier is one of texts or of tokens: both have the same names in most
     *     families
     * @param found the shapes in the files, which say how many labels a classifier has
     */
    static ExpectedTensors of(ModelConfig config, Map<String, long[]> found) {
        Family family = config.family();
        Notes required = new Notes(found);
        Embedding word = DecoderFamily.word(family.layers(new ModelParts(required, required, "")));
        Notes classifierBody = new Notes(found);
        Notes ofTexts = new Notes(found);
        family.classifier(new ModelParts(classifierBody, ofTexts, ""));
        Notes ofTokens = new Notes(found);
        family.tokenClassifier(new ModelParts(ofTokens, ofTokens, ""));
        Notes ends = config.isTokenClassifier() ? ofTokens : ofTexts;
        Set<String> classifier = new LinkedHashSet<>(ends.expected.keySet());
        Notes body = new Notes(found);
        ModelParts parts = new ModelParts(body, ends, "");
        family.pooler(parts);
        Set<String> pooler = new LinkedHashSet<>(body.expected.keySet());
        family.meanClassifier(parts);
        Set<String> classifiers = new LinkedHashSet<>(ends.expected.keySet());
        if (family instanceof DecoderFamily decoder) {
            decoder.untiedHead(parts, word);
        }
        Map<String, Expected> optional = new LinkedHashMap<>(body.expected);
        optional.putAll(classifierBody.expected);
        optional.putAll(ends.expected);
        return new ExpectedTensors(
                required.expected, optional, pooler, classifier, classifiers, classifierBody.expected.keySet());
    }

    /** Whether a family has a classifier of tokens. */
    static boolean canClassifyTokens(Family family) {
        Notes notes = new Notes(Map.of());
        return !family.tokenClassifier(new ModelParts(notes, notes, "")).isEmpty();
    }

    /** The number of types of tokens; 0 if the family has none. */
    static int tokenTypes(Family family) {
        Notes notes = new Notes(Map.of());
        Layer first = family.layers(new ModelParts(notes, notes, "")).get(0);
        Embedding types = ((TokenEmbeddings) first).type();
        return types == null ? 0 : Math.toIntExact(types.shape()[0]);
    }

    /** The tensors that files must have which hold some: those that are required, and all of each optional layer. */
    Map<String, Expected> of(Set<String> found) {
        Map<String, Expected> all = new LinkedHashMap<>(required);
        optional.forEach((name, expected) -> {
            String layer = name.substring(0, name.lastIndexOf('.'));
            if (found.contains(layer + ".weight")) {
                all.put(name, expected);
            }
        });
        return all;
    }

    /** Notes what layers ask for. */
    private static final class Notes implements Tensors {
        private final Map<String, long[]> found;
        private final Map<String, Expected> expected = new LinkedHashMap<>();
        private final Map<Long, INDArray> vectors = new HashMap<>();

        private Notes(Map<String, long[]> found) {
            this.found = found;
        }

        @Override
        public Parameter matrix(String parameter, String name, long rows, long columns, boolean isTransposed) {
            long[] shape = {rows, columns};
            expected.put(name, new Expected(shape, isTransposed));
            // One element in all places: a matrix of any size without memory.
            INDArray one = Nd4j.create(vector(1).data(), shape, new long[] {0, 0}, 0, 'c');
            return new Parameter(parameter, one, false);
        }

        @Override
        public INDArray vector(String name, long length) {
            expected.put(name, new Expected(new long[] {length}, false));
            return vector(length);
        }

        private INDArray vector(long length) {
            return vectors.computeIfAbsent(length, size -> Nd4j.zeros(DataType.FLOAT, size));
        }

        @Override
        public long labels(String name) {
            long[] shape = found.get(name);
            return shape == null || shape.length == 0 ? 1 : Math.max(1, shape[0]);
        }
    }
}
