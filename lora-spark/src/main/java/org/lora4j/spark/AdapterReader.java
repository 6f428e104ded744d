package org.lora4j.spark;

import java.io.IOException;
import java.io.UncheckedIOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;
import org.jspecify.annotations.Nullable;
import org.lora4j.spark.internal.base.AdapterBytes;
import org.lora4j.spark.internal.base.StoredBase;
import org.lora4j.spark.param.HasBase;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads what {@link AdapterWriter} saved.
 *
 * @param <T> the type of the model
 */
final class AdapterReader<T extends HasBase<?>> extends MLReader<T> {
    private static final Logger log = LoggerFactory.getLogger(AdapterReader.class);

    private final Receiver<T> receiver;

    /**
     * Gives a model with its parameters its adapter.
     *
     * @param <T> the type of the model
     */
    @FunctionalInterface
    interface Receiver<T> {
        void accept(T model, @Nullable AdapterBytes adapter, Path folder, Configuration hadoop) throws IOException;
    }

    AdapterReader(Receiver<T> receiver) {
        this.receiver = receiver;
    }

    static Path folder(String path) {
        return new Path(path, "adapter");
    }

    @Override
    public T load(String path) {
        T loaded = new DefaultParamsReader<T>().load(path);
        Configuration hadoop = sparkSession().sessionState().newHadoopConf();
        try {
            receiver.accept(loaded, AdapterBytes.read(folder(path), hadoop), new Path(path), hadoop);
            String copy = StoredBase.find(path, hadoop);
            if (copy != null) {
                loaded.setBasePath(copy);
            } else {
                warnIfMissing(path, loaded, hadoop);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return loaded;
    }

    /** A warning only: the base may come later, or setBasePath may name another place. */
    private static void warnIfMissing(String path, HasBase<?> loaded, Configuration hadoop) throws IOException {
        if (loaded.isDefined(loaded.basePath())) {
            Path base = new Path(loaded.getBasePath());
            if (!base.getFileSystem(hadoop).exists(base)) {
                log.warn(
                        "{} was saved without its base, which is no longer at {}; set basePath to where it is now",
                        path,
                        base);
            }
        }
    }
}
