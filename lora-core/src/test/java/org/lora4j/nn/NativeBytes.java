package org.lora4j.nn;

import java.lang.ref.Reference;
import java.lang.reflect.Field;
import java.util.Map;
import org.lora4j.fixtures.Patience;
import org.nd4j.linalg.api.memory.deallocation.DeallocatorService;
import org.nd4j.linalg.factory.Nd4j;

/** The native memory of all arrays of the process. */
public final class NativeBytes {
    private NativeBytes() {}

    /** The bytes of now, after those of arrays that nobody has any more were released. */
    public static long used() throws Exception {
        Map<?, ?> references = references();
        System.gc();
        // Threads of ND4J release the memory of what was collected, and then forget its reference.
        Patience.await(() -> references.values().stream().noneMatch(one -> ((Reference<?>) one).get() == null));
        return Nd4j.getEnvironment().getDeviceCouner(0);
    }

    private static Map<?, ?> references() throws ReflectiveOperationException {
        Field map = DeallocatorService.class.getDeclaredField("referenceMap");
        map.setAccessible(true);
        return (Map<?, ?>) map.get(Nd4j.getDeallocatorService());
    }
}
