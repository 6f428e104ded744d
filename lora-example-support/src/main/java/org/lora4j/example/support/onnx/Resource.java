package org.lora4j.example.support.onnx;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;

/** Data that can be read several times from the start, such as a resource or a file. */
@FunctionalInterface
public interface Resource {
    /**
     * Opens the data.
     *
     * @return a stream at its start
     * @throws IOException if there are none
     */
    InputStream open() throws IOException;

    /**
     * Returns a resource on the class path.
     *
     * @param beside a class of the module that has it
     * @param name its name, relative to the class or with a slash at the start
     * @return the resource, which is looked for when it is opened
     */
    static Resource of(Class<?> beside, String name) {
        return () -> {
            InputStream stream = beside.getResourceAsStream(name);
            if (stream == null) {
                throw new FileNotFoundException(name + ": must be on the class path, found nothing");
            }
            return stream;
        };
    }
}
