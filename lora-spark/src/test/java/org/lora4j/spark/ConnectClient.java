package org.lora4j.spark;

import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.apache.spark.connect.proto.Command;
import org.apache.spark.connect.proto.ExecutePlanRequest;
import org.apache.spark.connect.proto.ExecutePlanResponse;
import org.apache.spark.connect.proto.Expression;
import org.apache.spark.connect.proto.MlCommand;
import org.apache.spark.connect.proto.MlCommandResult;
import org.apache.spark.connect.proto.MlOperator;
import org.apache.spark.connect.proto.MlParams;
import org.apache.spark.connect.proto.MlRelation;
import org.apache.spark.connect.proto.ObjectRef;
import org.apache.spark.connect.proto.Plan;
import org.apache.spark.connect.proto.Read;
import org.apache.spark.connect.proto.Relation;
import org.apache.spark.connect.proto.RelationCommon;
import org.apache.spark.connect.proto.SparkConnectServiceGrpc;
import org.apache.spark.connect.proto.UserContext;
import org.apache.spark.connect.proto.WriteOperation;
import org.sparkproject.connect.grpc.ManagedChannel;
import org.sparkproject.connect.grpc.ManagedChannelBuilder;

/** Sends what a client of Spark Connect sends for the stages of Spark ML. */
final class ConnectClient implements AutoCloseable {
    private final ManagedChannel channel;
    private final String session = UUID.randomUUID().toString();

    ConnectClient(int port) {
        channel = ManagedChannelBuilder.forAddress("127.0.0.1", port)
                .usePlaintext()
                .build();
    }

    static Relation parquet(String path) {
        return Relation.newBuilder()
                .setCommon(RelationCommon.newBuilder().setPlanId(0))
                .setRead(Read.newBuilder()
                        .setDataSource(Read.DataSource.newBuilder()
                                .setFormat("parquet")
                                .addPaths(path)))
                .build();
    }

    /** Trains with an estimator, and returns the number of the model that the server keeps. */
    ObjectRef fit(Class<?> estimator, Map<String, Object> params, Relation table) {
        return run(MlCommand.newBuilder()
                        .setFit(MlCommand.Fit.newBuilder()
                                .setEstimator(operator(estimator, MlOperator.OperatorType.OPERATOR_TYPE_ESTIMATOR))
                                .setParams(params(params))
                                .setDataset(table)))
                .getOperatorInfo()
                .getObjRef();
    }

    void save(ObjectRef model, Map<String, Object> params, String path) {
        run(MlCommand.newBuilder()
                .setWrite(MlCommand.Write.newBuilder()
                        .setObjRef(model)
                        .setParams(params(params))
                        .setPath(path)));
    }

    MlCommandResult.MlOperatorInfo load(Class<?> model, String path) {
        return run(MlCommand.newBuilder()
                        .setRead(MlCommand.Read.newBuilder()
                                .setOperator(operator(model, MlOperator.OperatorType.OPERATOR_TYPE_MODEL))
                                .setPath(path)))
                .getOperatorInfo();
    }

    /** What a model that the server keeps makes of a table. */
    static Relation transform(ObjectRef model, Map<String, Object> params, Relation table) {
        return transform(MlRelation.Transform.newBuilder().setObjRef(model).setParams(params(params)), table);
    }

    /** What a new transformer makes of a table. */
    static Relation transform(Class<?> transformer, Map<String, Object> params, Relation table) {
        return transform(
                MlRelation.Transform.newBuilder()
                        .setTransformer(operator(transformer, MlOperator.OperatorType.OPERATOR_TYPE_TRANSFORMER))
                        .setParams(params(params)),
                table);
    }

    private static Relation transform(MlRelation.Transform.Builder transform, Relation table) {
        return Relation.newBuilder()
                .setCommon(RelationCommon.newBuilder().setPlanId(1))
                .setMlRelation(MlRelation.newBuilder().setTransform(transform.setInput(table)))
                .build();
    }

    /** Writes a table as a new folder. */
    void write(Relation table, String path) {
        execute(Command.newBuilder()
                .setWriteOperation(WriteOperation.newBuilder()
                        .setInput(table)
                        .setSource("parquet")
                        .setMode(WriteOperation.SaveMode.SAVE_MODE_ERROR_IF_EXISTS)
                        .setPath(path)));
    }

    private static MlOperator operator(Class<?> stage, MlOperator.OperatorType type) {
        return MlOperator.newBuilder()
                .setName(stage.getName())
                .setUid(stage.getSimpleName() + "_" + UUID.randomUUID())
                .setType(type)
                .build();
    }

    /** Python's numbers are longs and doubles. */
    private static MlParams params(Map<String, Object> values) {
        MlParams.Builder params = MlParams.newBuilder();
        values.forEach((name, value) -> {
            Expression.Literal.Builder literal = Expression.Literal.newBuilder();
            if (value instanceof String text) {
                literal.setString(text);
            } else if (value instanceof Boolean truth) {
                literal.setBoolean(truth);
            } else if (value instanceof Double number) {
                literal.setDouble(number);
            } else {
                literal.setLong(((Number) value).longValue());
            }
            params.putParams(name, literal.build());
        });
        return params.build();
    }

    private MlCommandResult run(MlCommand.Builder command) {
        return execute(Command.newBuilder().setMlCommand(command)).stream()
                .filter(ExecutePlanResponse::hasMlCommandResult)
                .findFirst()
                .orElseThrow()
                .getMlCommandResult();
    }

    private List<ExecutePlanResponse> execute(Command.Builder command) {
        Iterator<ExecutePlanResponse> responses = SparkConnectServiceGrpc.newBlockingStub(channel)
                .executePlan(ExecutePlanRequest.newBuilder()
                        .setSessionId(session)
                        .setUserContext(UserContext.newBuilder().setUserId("tests"))
                        .setPlan(Plan.newBuilder().setCommand(command))
                        .build());
        List<ExecutePlanResponse> all = new ArrayList<>();
        responses.forEachRemaining(all::add);
        return all;
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
