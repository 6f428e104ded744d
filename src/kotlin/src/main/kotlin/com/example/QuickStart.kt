package com.example

import java.nio.file.Path
import org.lora4j.LoRAModel
import org.lora4j.adapter.LoRAConfig
import org.lora4j.nn.Network
import org.lora4j.train.Trainer
import org.nd4j.linalg.dataset.DataSet
import org.nd4j.linalg.dataset.ViewIterator
import org.nd4j.linalg.factory.Nd4j
import org.nd4j.linalg.learning.config.Adam

/** Rows of 20 numbers; the label says whether the first half has the greater sum, or the second one. */
fun rows(count: Int, swapped: Boolean): ViewIterator {
    val x = Nd4j.rand(count, 20)
    val y = Nd4j.zeros(count, 2)
    for (i in 0 until count) {
        val difference = (0 until 20).sumOf { j -> if (j < 10) x.getDouble(i, j) else -x.getDouble(i, j) }
        y.putScalar(i.toLong(), if ((difference > 0) == swapped) 1L else 0L, 1.0)
    }
    return ViewIterator(DataSet(x, y), 20)
}

fun main() {
    Nd4j.getRandom().setSeed(1)
    // quick start
    val network = Network.builder(20).linear("linear1", 64).relu().linear("linear2", 2).build(42)
    Trainer.builder(network).updater(Adam(1e-3)).epochs(20).build().fit(rows(600, swapped = false))

    val model = LoRAModel.of(network) // every weight and bias is frozen from here on
    val task = model.add("task", LoRAConfig.of(2, 4.0)) // rank 2, α 4, all dense layers
    Trainer.builder(task).updater(Adam(1e-2)).epochs(20).build().fit(rows(600, swapped = true))

    val x = Nd4j.rand(1, 20)
    println("${task.predict(x)} instead of ${model.base().predict(x)}")
    task.save(Path.of("target", "task")) // a folder that Python's PEFT opens
    // end
}
