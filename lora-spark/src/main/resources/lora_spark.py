"""The stages of lora-spark for PySpark.

The file lies in the jar, and Spark finds it there:

    spark-submit --jars lora-spark.jar,... --py-files lora-spark.jar train.py

    from lora_spark import LoRACausalLM
    model = LoRACausalLM(basePath="hdfs:///models/llama", messagesCol="messages", rank=8, alpha=16).fit(table)
    model.set(task="generate", maxNewTokens=100).transform(questions)

The parameters are those of the Java classes, with their names; explainParams() lists them. The stages need a JVM in the
driver, which a client of Spark Connect has not.
"""

import sys

from pyspark.ml.param import Param, TypeConverters
from pyspark.ml.util import JavaMLReadable, JavaMLReader, JavaMLWritable
from pyspark.ml.wrapper import JavaEstimator, JavaModel, JavaWrapper

__all__ = [
    "LoRACausalLM",
    "LoRACausalLMModel",
    "LoRAClassificationModel",
    "LoRAClassifier",
    "LoRAEstimator",
    "LoRARegressionModel",
    "LoRARegressor",
    "LoRATagger",
    "LoRATokenClassifier",
    "LoRATransformer",
]

_PACKAGE = "org.lora4j.spark"

# A saved pipeline names the classes of Java. PySpark takes the package as a module of Python.
sys.modules.setdefault(_PACKAGE, sys.modules[__name__])

# By the class of the parameter in Java. Others are strings.
_CONVERTERS = {
    "BooleanParam": TypeConverters.toBoolean,
    "DoubleArrayParam": TypeConverters.toListFloat,
    "DoubleParam": TypeConverters.toFloat,
    "IntParam": TypeConverters.toInt,
    "LongParam": TypeConverters.toInt,
    "StringArrayParam": TypeConverters.toListString,
}

# Its value is an object of Java. rank, alpha, dropout, targetModules and seed set the fields that Python can set.
_JAVA_ONLY = ("loraConfig",)


class _Reader(JavaMLReader):
    """Finds the class of Java that has the name of the one of Python."""

    @classmethod
    def _java_loader_class(cls, clazz):
        return _PACKAGE + "." + clazz.__name__


class _Stage(JavaMLReadable, JavaMLWritable):
    """What estimators and models share."""

    def _add_params(self):
        """Creates the parameters that the stage has in Java."""
        for java_param in list(self._java_obj.params()):
            name = java_param.name()
            if name not in _JAVA_ONLY and not hasattr(self, name):
                kind = java_param.getClass().getSimpleName()
                setattr(self, name, Param(self, name, java_param.doc(), _CONVERTERS.get(kind, TypeConverters.toString)))
        self._params = None  # PySpark looks for them again.

    def set(self, *pair, **params):
        """Sets parameters by name, and returns the stage. set(param, value) is that of PySpark."""
        if pair:
            super().set(*pair)
        if params:
            self._set(**params)
        return self

    @classmethod
    def read(cls):
        """Returns what loads saved stages."""
        return _Reader(cls)


class _LoRAEstimator(_Stage, JavaEstimator):
    _model_class = None

    def __init__(self, **params):
        super().__init__()
        self._java_obj = JavaWrapper._new_java_obj(_PACKAGE + "." + type(self).__name__, self.uid)
        self._add_params()
        self._transfer_params_from_java()  # the defaults
        self._set(**params)

    def _create_model(self, java_model):
        return self._model_class(java_model)

    def _fit(self, dataset):
        # The model has its settings in Java. PySpark would also copy those that mean something else, such as batchSize.
        return self._create_model(self._fit_java(dataset))


class _LoRAModel(_Stage, JavaModel):
    def __init__(self, java_model=None, **params):
        if java_model is None:
            java_model = JavaWrapper._new_java_obj(_PACKAGE + "." + type(self).__name__)
        # Not that of JavaModel, which creates parameters without types.
        super(JavaModel, self).__init__(java_model)
        self._resetUid(java_model.uid())
        self._add_params()
        self._transfer_params_from_java()
        self._set(**params)


class _TrainedModel(_LoRAModel):
    @property
    def objectiveHistory(self):
        """The mean loss of each round. A loaded model has none."""
        return list(self._java_obj.summary().objectiveHistory())

    @property
    def validationHistory(self):
        """The mean loss of the rows for validation after each epoch."""
        return list(self._java_obj.summary().validationHistory())


class LoRAClassificationModel(_TrainedModel):
    """What LoRAClassifier trains."""

    def transformer(self):
        """Returns a LoRATransformer with the same base and adapter."""
        return LoRATransformer(self._java_obj.transformer())


class LoRARegressionModel(_TrainedModel):
    """What LoRARegressor trains."""


class LoRACausalLMModel(_TrainedModel):
    """Scores and generates texts; LoRACausalLM trains its adapter."""


class LoRATransformer(_LoRAModel):
    """Computes outputs; LoRAEstimator trains its adapter."""


class LoRATagger(_LoRAModel):
    """Finds parts of texts, such as names; LoRATokenClassifier and 'lora tag' train its adapters."""


class LoRAClassifier(_LoRAEstimator):
    """Trains an adapter as a classifier."""

    _model_class = LoRAClassificationModel


class LoRARegressor(_LoRAEstimator):
    """Trains an adapter as a regressor."""

    _model_class = LoRARegressionModel


class LoRATokenClassifier(_LoRAEstimator):
    """Trains an adapter that finds parts of texts."""

    _model_class = LoRATagger


class LoRACausalLM(_LoRAEstimator):
    """Trains an adapter of a language model."""

    _model_class = LoRACausalLMModel


class LoRAEstimator(_LoRAEstimator):
    """Trains an adapter with any loss."""

    _model_class = LoRATransformer
