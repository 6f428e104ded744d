package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.MLWriter;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.StoredBase;
import org.lora4j.spark.internal.rows.BaseColumns;
import org.lora4j.spark.internal.train.TrainedAdapter;
import org.lora4j.spark.param.HasBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Saves a model: its parameters, its adapter in PEFT's form, and the path of its base or a copy of the base. */
final class AdapterWriter extends MLWriter {
    private static final Logger log = LoggerFactory.getLogger(AdapterWriter.class);

    private final MLWriter params;
    private final HasBase<?> stage;
    private final @Nullable AdapterBytes adapter;
    private final @Nullable TrainedAdapter trained;

    AdapterWriter(MLWriter params, HasBase<?> stage, @Nullable AdapterBytes adapter) {
        this(params, stage, adapter, null);
    }

    AdapterWriter(MLWriter params, HasBase<?> stage, TrainedAdapter trained) {
        this(params, stage, trained.adapter(), trained);
    }

    private AdapterWriter(
            MLWriter params, HasBase<?> stage, @Nullable AdapterBytes adapter, @Nullable TrainedAdapter trained) {
        this.params = params;
        this.stage = stage;
        this.adapter = adapter;
        this.trained = trained;
    }

    /**
     * Saves the model.
     *
     * @throws IllegalArgumentException if the folder has the base of this model, which overwriting would delete first
     */
    @Override
    public void save(String path) throws IOException {
        if (stage.isDefined(stage.basePath())) {
            Configuration hadoop = sparkSession().sessionState().newHadoopConf();
            Path target = qualified(path, hadoop);
            Path base = qualified(stage.getBasePath(), hadoop);
            for (Path above = base; above != null; above = above.getParent()) {
                if (above.equals(target)) {
                    throw new IllegalArgumentException("a model must not be saved over its own base, found the base "
                            + base + " in " + target + "; save the model to another folder");
                }
            }
        }
        super.save(path);
    }

    private static Path qualified(String path, Configuration hadoop) throws IOException {
        Path given = new Path(path);
        return given.getFileSystem(hadoop).makeQualified(given);
    }

    @Override
    public void saveImpl(String path) {
        Configuration hadoop = sparkSession().sessionState().newHadoopConf();
        try {
            params.save(path);
            if (adapter != null) {
                adapter.write(AdapterReader.folder(path), hadoop);
            }
            if (trained != null) {
                trained.write(new Path(path), hadoop);
            }
            if (stage.getSaveBase()) {
                BaseColumns.requireBase(stage);
                StoredBase.copy(stage.getBasePath(), path, hadoop);
            } else if (stage.isDefined(stage.basePath())) {
                log.info(
                        "{} has the path of the base, {}, and not the base; setSaveBase(true) stores a copy of it",
                        path,
                        stage.getBasePath());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
