package org.lora4j.cli.serve;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.Network;
import org.lora4j.nn.transformer.PretrainedModel;
import org.lora4j.text.AdapterTask;
import org.lora4j.text.ClassifierHead;

/** What the classifiers of adapters read. Those of one served model must agree, because one network computes all of them. */
final class ClassifierHeads {
    private ClassifierHeads() {}

    /**
     * Returns the head of the adapters of a model.
     *
     * @param own the head of an adapter of PEFT, which does not name it
     * @return null if there are no adapters
     * @throws IOException if two of them have different heads
     */
    static @Nullable ClassifierHead common(List<Path> adapters, ClassifierHead own) throws IOException {
        ClassifierHead found = null;
        for (Path adapter : adapters) {
            ClassifierHead one = of(adapter, own);
            if (found != null && found != one) {
                throw new IOException(adapter + ": the adapters of one served model must have one head, found " + one
                        + " beside " + found + "; serve them apart");
            }
            found = one;
        }
        return found;
    }

    /**
     * Checks an adapter that is loaded.
     *
     * @param head its head
     * @param served that of the served network, with another one of which the outputs would be wrong
     * @throws IOException if they differ
     */
    static void requireSame(Path adapter, ClassifierHead head, ClassifierHead served) throws IOException {
        if (head != served) {
            throw new IOException(adapter + ": the classifier must read what those read that are served, " + served
                    + ", found " + head + "; serve it apart");
        }
    }

    /** A network with a classifier in whose place each adapter puts its own. */
    static Network replaced(PretrainedModel model, ClassifierHead head) {
        return head == ClassifierHead.MEAN ? model.meanClassifier(1, 0) : model.classifier(1, 0);
    }

    /** The head that an adapter names; that of one of PEFT, which names none, is given. */
    static ClassifierHead of(Path adapter, ClassifierHead own) throws IOException {
        ClassifierHead named = AdapterTask.read(adapter).map(AdapterTask::head).orElse(null);
        return named == null ? own : named;
    }
}
