package org.lora4j.nn.compute.internal;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.parameter.Parameter;
import org.lora4j.nn.parametrization.internal.Gradient;
import org.lora4j.nn.parametrization.internal.PassContext;
import org.lora4j.nn.parametrization.internal.WeightUpdate;
import org.lora4j.nn.parametrization.internal.WeightUpdatePass;
import org.lora4j.nn.weight.internal.Gemm;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** Updates of the simplest kind: a dense matrix that is added, and a factor for each row of the weight. */
final class FakeUpdate {
    private FakeUpdate() {}

    /** {@code ΔW = D}, with {@code D [out, in]} as its parameter; does not read the base. */
    record Dense(Parameter d) implements WeightUpdate {
        static Dense of(INDArray d) {
            return new Dense(new Parameter("dense", d, true));
        }

        @Override
        public List<Parameter> parameters() {
            return List.of(d);
        }

        @Override
        public INDArray delta(INDArray original) {
            return d.value().dup();
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            DensePass pass = new DensePass(context);
            pass.bind(this);
            return pass;
        }
    }

    private static final class DensePass implements WeightUpdatePass {
        private final PassContext context;
        private final Gemm add = new Gemm(false, true, 1, 1);
        private final Gemm gradientProduct = new Gemm(true, false, 1, 0);
        private final Gemm addInputGradient = new Gemm(false, false, 1, 1);
        private INDArray d = Nd4j.empty();
        private @Nullable Gradient gradient;
        private @Nullable INDArray g;

        DensePass(PassContext context) {
            this.context = context;
        }

        @Override
        public boolean bind(WeightUpdate update) {
            if (!(update instanceof Dense dense)) {
                return false;
            }
            d = dense.d().value();
            gradient = context.gradient(dense.d());
            return true;
        }

        @Override
        public boolean readsBase() {
            return false;
        }

        @Override
        public void forward(INDArray x, INDArray base, INDArray y) {
            add.run(x, d, y);
        }

        @Override
        public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
            g = yGradient;
            if (gradient != null) {
                gradientProduct.configure(true, false, 1, gradient.beginProduct());
                gradientProduct.run(yGradient, x, gradient.array());
            }
        }

        @Override
        public void addInputGradient(INDArray xGradient) {
            if (g == null) {
                throw new IllegalStateException("no backward before");
            }
            addInputGradient.run(g, d, xGradient);
        }
    }

    /** {@code ΔW = diag(m)·W}, with {@code m [out]} as its parameter; reads the base. */
    record RowScale(Parameter m) implements WeightUpdate {
        static RowScale of(INDArray m) {
            return new RowScale(new Parameter("rowScale", m, true));
        }

        @Override
        public List<Parameter> parameters() {
            return List.of(m);
        }

        @Override
        public INDArray delta(INDArray original) {
            return Nd4j.diag(m.value()).mmul(original);
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            Gradient gradient = context.gradient(m);
            return new WeightUpdatePass() {
                @Override
                public boolean bind(WeightUpdate update) {
                    return false;
                }

                @Override
                public boolean readsBase() {
                    return true;
                }

                @Override
                public void forward(INDArray x, INDArray base, INDArray y) {
                    y.addi(base.mulRowVector(m.value()));
                }

                @Override
                public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {
                    if (gradient != null) {
                        INDArray part = yGradient.mul(base).sum(0);
                        gradient.array()
                                .assign(gradient.beginPart() ? gradient.array().add(part) : part);
                    }
                    baseGradient.addi(yGradient.mulRowVector(m.value()));
                }

                @Override
                public void addInputGradient(INDArray xGradient) {}
            };
        }
    }

    /** Adds {@code Δb = 2} to the bias, changes no weight, and notes the number of each step. */
    record Listening(List<Long> steps) implements WeightUpdate {
        @Override
        public List<Parameter> parameters() {
            return List.of();
        }

        @Override
        public INDArray delta(INDArray original) {
            return Nd4j.zeros(original.dataType(), original.shape());
        }

        @Override
        public INDArray biasDelta() {
            return Nd4j.createFromArray(2.0, 2.0);
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            return new WeightUpdatePass() {
                @Override
                public boolean bind(WeightUpdate update) {
                    return false;
                }

                @Override
                public boolean readsBase() {
                    return false;
                }

                @Override
                public void forward(INDArray x, INDArray base, INDArray y) {
                    steps.add(context.step());
                    y.addi(2);
                }

                @Override
                public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {}

                @Override
                public void addInputGradient(INDArray xGradient) {}
            };
        }
    }

    /** Changes nothing, requests a product, and notes at each block of rows whether the product was computed for it. */
    record Requesting(INDArray rows, List<Boolean> computed) implements WeightUpdate {
        @Override
        public List<Parameter> parameters() {
            return List.of();
        }

        @Override
        public INDArray delta(INDArray original) {
            return Nd4j.zeros(original.dataType(), original.shape());
        }

        @Override
        public WeightUpdatePass newPass(PassContext context) {
            INDArray product = Nd4j.create(
                    rows.dataType(), new long[] {rows.size(0), context.weight().shape()[0]}, 'f');
            product.assign(Double.NaN);
            context.requestWeightProduct(rows, product);
            return new WeightUpdatePass() {
                @Override
                public boolean bind(WeightUpdate update) {
                    return false;
                }

                @Override
                public boolean readsBase() {
                    return false;
                }

                @Override
                public void forward(INDArray x, INDArray base, INDArray y) {
                    computed.add(!Double.isNaN(product.getDouble(0)));
                    product.assign(Double.NaN);
                }

                @Override
                public void backward(INDArray x, INDArray base, INDArray yGradient, INDArray baseGradient) {}

                @Override
                public void addInputGradient(INDArray xGradient) {}
            };
        }
    }
}
