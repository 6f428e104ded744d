package ${package};

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.AdapterView;
import org.lora4j.LoRAModel;
import org.lora4j.nn.Model;
import org.lora4j.train.Evaluator;
import org.nd4j.linalg.dataset.DataSet;

class TrainAdapterTest {
    private final DataSet test = TrainAdapter.rows(200, 4, true);

    @TempDir
    private Path folder;

    private float[] outputs(Model model) {
        return model.predict(test.getFeatures()).data().asFloat();
    }

    @Test
    void theAdapterLearnsAndTheNetworkStaysAsItIs() throws Exception {
        LoRAModel model = LoRAModel.of(TrainAdapter.network());
        float[] before = outputs(model.base());
        AdapterView adapter = TrainAdapter.train(model);

        assertArrayEquals(before, outputs(model.base()));
        assertTrue(Evaluator.evaluate(adapter, test).accuracy() > 0.9);

        adapter.save(folder.resolve("adapter"));
        assertArrayEquals(outputs(adapter), outputs(model.load("again", folder.resolve("adapter"))));
    }
}
