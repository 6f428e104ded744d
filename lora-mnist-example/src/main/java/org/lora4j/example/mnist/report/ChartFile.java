package org.lora4j.example.mnist.report;

/** The charts of a report: their keys in {@code files} and their file names. */
enum ChartFile {
    WRONG_PER_DIGIT("wrongPerDigit", "wrong-per-digit.png"),
    CONFUSION_BASE("confusionBase", "confusion-base.png"),
    CONFUSION_LORA("confusionLora", "confusion-lora.png"),
    LOSS_BASE("lossBase", "loss-base.png"),
    LOSS_FINE_TUNE("lossFineTune", "loss-fine-tune.png"),
    EXAMPLES("examples", "examples.png");

    private final String key;
    private final String fileName;

    ChartFile(String key, String fileName) {
        this.key = key;
        this.fileName = fileName;
    }

    String key() {
        return key;
    }

    String fileName() {
        return fileName;
    }
}
