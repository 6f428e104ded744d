import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.input.Sequences;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.task.Head;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Times rows with a tag adapter each, which have classifiers of their own, beside the same rows with one of them, in pairs: one line for
 * each length. The arguments are the folder of an encoder, and the rank. See src/bench/tags, which starts it.
 */
public final class TaggerWork {
    private static final int ROWS = 32;
    private static final int PAIRS = 30;
    private static final int FIRST = 5;

    /** The tokens of any encoder of the BERT family, but those of very small ones. */
    private static final int VOCABULARY = 30_000;

    private TaggerWork() {}

    public static void main(String[] args) throws Exception {
        int rank = args.length > 1 ? Integer.parseInt(args[1]) : 8;
        try (NativeThreads threads = NativeThreads.forEngine()) {
            PretrainedModel model = PretrainedModel.load(Path.of(args[0]));
            Network network = Head.TOKENS.network(model, 1, 0);
            LoRAModel adapted = LoRAModel.of(network);
            Random random = new Random(1);
            for (int i = 0; i < ROWS; i++) {
                // Of other numbers of tags, with factors that are not 0.
                Network own = Head.TOKENS.network(model, 5 + i % 9, i);
                AdapterView view =
                        LoRAModel.of(own).add("tags", Head.TOKENS.config(LoRAConfig.of(rank, 2 * rank), own));
                view.parameters().forEach(parameter -> parameter.value().addi(numbers(random, parameter.value())));
                adapted.add("t" + i, view.adapter());
            }
            for (int length : new int[] {16, 32, 128}) {
                compare(adapted, length);
            }
        }
    }

    private static INDArray numbers(Random random, INDArray like) {
        float[] values = new float[Math.toIntExact(like.length())];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (0.02 * random.nextGaussian());
        }
        return Nd4j.createFromArray(values).reshape(like.shape());
    }

    private static void compare(LoRAModel model, int length) {
        Random random = new Random(length);
        Sequences rows = Sequences.of(IntStream.range(0, ROWS)
                .mapToObj(i -> random.ints(length, 1, VOCABULARY).toArray())
                .toArray(int[][]::new));
        List<String> each = IntStream.range(0, ROWS).mapToObj(i -> "t" + i).toList();
        List<String> one = Collections.nCopies(ROWS, "t0");
        double[] ofEach = new double[PAIRS];
        double[] ofOne = new double[PAIRS];
        double[] ratios = new double[PAIRS];
        for (int pair = -FIRST; pair < PAIRS; pair++) {
            double a = seconds(model, rows, pair % 2 == 0 ? each : one);
            double b = seconds(model, rows, pair % 2 == 0 ? one : each);
            if (pair >= 0) {
                ofEach[pair] = pair % 2 == 0 ? a : b;
                ofOne[pair] = pair % 2 == 0 ? b : a;
                ratios[pair] = ofEach[pair] / ofOne[pair];
            }
        }
        System.out.printf(
                Locale.ROOT,
                "%d rows of %d tokens: %d adapters %.1f ms, one adapter %.1f ms, ratio %.2f (quartiles %.2f to %.2f)%n",
                ROWS, length, ROWS, 1000 * quantile(ofEach, 0.5), 1000 * quantile(ofOne, 0.5), quantile(ratios, 0.5),
                quantile(ratios, 0.25), quantile(ratios, 0.75));
    }

    private static double seconds(LoRAModel model, Sequences rows, List<String> adapters) {
        long start = System.nanoTime();
        List<INDArray> outputs = new ArrayList<>(model.predictEach(rows, adapters));
        double seconds = (System.nanoTime() - start) / 1e9;
        if (outputs.size() != ROWS) {
            throw new IllegalStateException("each row must have outputs, found " + outputs.size());
        }
        return seconds;
    }

    private static double quantile(double[] values, double share) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[(int) Math.round(share * (sorted.length - 1))];
    }
}
