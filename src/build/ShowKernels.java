import org.bytedeco.javacpp.Loader;
import org.bytedeco.openblas.global.openblas;

/** Loads OpenBLAS, which says with OPENBLAS_VERBOSE=2 which kernels it takes: those of the processor, or of OPENBLAS_CORETYPE. */
public final class ShowKernels {
    private ShowKernels() {}

    public static void main(String[] args) {
        Loader.load(openblas.class);
    }
}
