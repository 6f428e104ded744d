package org.lora4j.example.mnist;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import org.lora4j.LoRAParametrization;
import org.lora4j.adapter.LoRAConfig;
import org.lora4j.adapter.LoRAInit;
import org.lora4j.example.mnist.data.Mnist;
import org.lora4j.example.mnist.data.MnistBatches;
import org.lora4j.nn.NativeThreads;
import org.lora4j.nn.Network;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.train.Evaluator;
import org.lora4j.train.Trainer;
import org.nd4j.evaluation.classification.Evaluation;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The article in one file: fine-tune a network on the digit 9 with LoRA, without changing its own weights. */
@SuppressWarnings("try") // the variable of the threads is not read
public final class MnistLoRA {
    private MnistLoRA() {}

    /**
     * Runs the experiment.
     *
     * @throws IOException if the images cannot be read
     */
    public static void main(String[] args) throws IOException {
        try (NativeThreads threads = NativeThreads.forEngine()) {
            run(Mnist.bundled(), 6_000, 100, System.out);
        }
    }

    static Network run(Mnist mnist, int baseBatches, int nineBatches, PrintStream out) {
        SplittableRandom seeds = new SplittableRandom(0);

        // 1. Train a network on all digits, much larger than the task needs. It sees each of the 60,000 images once, in
        // 6,000 batches of 10. The default is Adam with rate 0.001.
        Network network = Network.builder(784)
                .linear("linear1", 1000)
                .relu()
                .linear("linear2", 2000)
                .relu()
                .linear("linear3", 10)
                .build(seeds.nextLong());
        out.println("Training on all digits");
        MnistBatches allDigits = MnistBatches.shuffled(mnist.train(), 10, seeds.nextLong());
        Trainer.builder(network).maxIterations(baseBatches).build().fit(allDigits);

        // 2. Keep a copy of all weights and biases, to check later that the fine-tuning does not change them.
        List<Parameter> originals = network.copy().parameters();

        // 3. Test the network: count the wrong predictions for each digit.
        out.println("Wrong        0     1     2     3     4     5     6     7     8     9   Accuracy");
        printErrors("base", network, mnist, out);

        // 4. Register LoRA on the three layers. From here on, each layer uses W + (B·A)·(alpha/rank) instead of W.
        // A starts with values from N(0, 1) and B with zeros. So B·A is zero, and the output does not change yet.
        LoRAConfig config = LoRAConfig.builder()
                .rank(1)
                .alpha(1)
                .init(LoRAInit.gaussian(1))
                .seed(seeds.nextLong())
                .build();
        List<LoRAParametrization> loras = network.linears().stream()
                .map(linear -> LoRAParametrization.register(linear, config))
                .toList();

        // 5. Print the number of parameters. LoRA adds 0.242 % to it.
        out.printf("%n%s%n%n", LoRAParametrization.parameterReport(network));

        // 6. Print which parameters are trainable: only A and B. Step 4 has frozen all weights and biases.
        network.parameters().forEach(out::println);
        loras.forEach(lora -> out.printf("%s%n%s%n", lora.loraA(), lora.loraB()));

        // 7. Fine-tune the network on images of the digit 9 only: 100 batches of 10.
        MnistBatches nines = MnistBatches.ofDigit(mnist.train(), 9, 10, seeds.nextLong());
        Trainer.builder(network).maxIterations(nineBatches).build().fit(nines);

        // 8. Check that the frozen weights and biases are the same as before, bit for bit.
        for (int i = 0; i < originals.size(); i++) {
            Parameter frozen = network.parameters().get(i);
            requireEqual(frozen.name(), frozen.value(), originals.get(i).value());
        }

        // 9. Check that with LoRA on, the effective weight is W + (B·A)·(alpha/rank). There are fewer errors on 9.
        for (LoRAParametrization lora : loras) {
            INDArray update = lora.loraB().value().mmul(lora.loraA().value()).mul(lora.scale());
            requireEqual(lora + " on", lora.effectiveWeight(), update.add(lora.originalWeight()));
        }
        out.println();
        printErrors("LoRA on", network, mnist, out);

        // 10. Check that with LoRA off, the effective weight is W. Test again: the counts are those of step 3.
        loras.forEach(lora -> lora.setEnabled(false));
        loras.forEach(lora -> requireEqual(lora + " off", lora.effectiveWeight(), lora.originalWeight()));
        printErrors("LoRA off", network, mnist, out);
        return network;
    }

    private static void printErrors(String name, Network network, Mnist mnist, PrintStream out) {
        Evaluation evaluation = Evaluator.evaluate(network, MnistBatches.inOrder(mnist.test(), 500));
        out.printf("%-8s", name);
        Arrays.stream(Evaluator.errorsPerClass(evaluation)).forEach(errors -> out.printf(Locale.ROOT, "%6d", errors));
        out.printf(Locale.ROOT, "%9.2f %%%n", 100 * evaluation.accuracy());
    }

    static void requireEqual(String what, INDArray found, INDArray expected) {
        if (!Arrays.equals(found.ravel().toFloatVector(), expected.ravel().toFloatVector())) {
            throw new IllegalStateException(what + ": the arrays must be equal, bit for bit");
        }
    }
}
