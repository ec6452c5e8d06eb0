"""Trains small models of many kinds and saves them as people do: `python train.py FOLDER`.

Every object is saved with `pickle` in protocols 2 to 5 and with `joblib`, raw and with each of its compressors.
The data is random and tiny: what matters here is which classes, functions and arrays a saved model holds.
"""

import collections
import datetime
import decimal
import fractions
import pathlib
import pickle
import re
import sys
import uuid
import warnings

import joblib
import lightgbm
import numpy as np
import pandas as pd
import scipy.interpolate
import scipy.sparse
import scipy.spatial
import scipy.stats
import statsmodels.api as statsmodels
import xgboost
from sklearn import (
    calibration, cluster, compose, covariance, cross_decomposition, decomposition, discriminant_analysis, dummy, ensemble,
    feature_extraction, feature_selection, gaussian_process, impute, isotonic, kernel_approximation, linear_model, manifold,
    metrics, mixture, model_selection, multiclass, multioutput, naive_bayes, neighbors, neural_network, pipeline, preprocessing,
    svm, tree,
)

RNG = np.random.default_rng(20)
X = RNG.normal(size=(60, 4))
Y = (X[:, 0] + X[:, 1] > 0).astype(int)
Z = X @ [1.0, -2.0, 0.5, 0.0] + 0.1 * RNG.normal(size=60)
TEXTS = ["the gate is open", "the gate is shut", "water flows down", "no water flows"] * 15
TABLE = pd.DataFrame({
    "width": X[:, 0],
    "colour": pd.Categorical(["red", "green", "blue"] * 20),
    "name": ["a", "b", "c", None] * 15,
    "day": pd.date_range("2024-01-01", periods=60, tz="Europe/Vienna"),
})


def classifiers():
    yield linear_model.LogisticRegression()
    yield linear_model.SGDClassifier(loss="log_loss")
    yield linear_model.RidgeClassifierCV()
    yield linear_model.Perceptron()
    yield svm.SVC()
    yield svm.LinearSVC()
    yield svm.NuSVC(kernel="poly")
    yield tree.DecisionTreeClassifier(random_state=np.random.RandomState(3))
    yield ensemble.RandomForestClassifier(5)
    yield ensemble.ExtraTreesClassifier(5)
    yield ensemble.GradientBoostingClassifier(n_estimators=5)
    yield ensemble.HistGradientBoostingClassifier(max_iter=5)
    yield ensemble.AdaBoostClassifier(n_estimators=5)
    yield ensemble.BaggingClassifier(n_estimators=3)
    yield ensemble.VotingClassifier([("a", linear_model.LogisticRegression()), ("b", naive_bayes.GaussianNB())])
    yield ensemble.StackingClassifier([("a", tree.DecisionTreeClassifier()), ("b", naive_bayes.GaussianNB())], cv=3)
    yield neighbors.KNeighborsClassifier(algorithm="kd_tree")
    yield neighbors.KNeighborsClassifier(algorithm="ball_tree")
    yield neighbors.NearestCentroid()
    yield naive_bayes.GaussianNB()
    yield discriminant_analysis.LinearDiscriminantAnalysis()
    yield discriminant_analysis.QuadraticDiscriminantAnalysis()
    yield gaussian_process.GaussianProcessClassifier(1.0 * gaussian_process.kernels.RBF(1.0))
    yield neural_network.MLPClassifier((5,), max_iter=20)
    yield calibration.CalibratedClassifierCV(svm.LinearSVC(), cv=3)
    yield multiclass.OneVsRestClassifier(linear_model.LogisticRegression())
    yield dummy.DummyClassifier()
    yield model_selection.GridSearchCV(svm.SVC(), {"C": [0.1, 1.0]}, cv=3, scoring=metrics.make_scorer(metrics.f1_score))
    yield model_selection.RandomizedSearchCV(
        linear_model.LogisticRegression(), {"C": scipy.stats.loguniform(0.01, 1)}, n_iter=2, cv=model_selection.StratifiedKFold(3))
    yield pipeline.make_pipeline(preprocessing.StandardScaler(), decomposition.PCA(2), linear_model.LogisticRegression())
    yield pipeline.make_pipeline(preprocessing.FunctionTransformer(np.tanh), feature_selection.SelectKBest(k=2), svm.SVC())
    yield lightgbm.LGBMClassifier(n_estimators=3, verbose=-1)
    yield xgboost.XGBClassifier(n_estimators=3)


def regressors():
    yield linear_model.LinearRegression()
    yield linear_model.ElasticNetCV(cv=3)
    yield linear_model.BayesianRidge()
    yield linear_model.HuberRegressor()
    yield svm.SVR()
    yield ensemble.RandomForestRegressor(3)
    yield ensemble.HistGradientBoostingRegressor(max_iter=3)
    yield gaussian_process.GaussianProcessRegressor(gaussian_process.kernels.Matern() + gaussian_process.kernels.WhiteKernel())
    yield compose.TransformedTargetRegressor(linear_model.Ridge(), func=np.arcsinh, inverse_func=np.sinh)
    yield cross_decomposition.PLSRegression(2)
    yield multioutput.RegressorChain(linear_model.Ridge())
    yield neighbors.RadiusNeighborsRegressor(radius=10.0)
    yield lightgbm.LGBMRegressor(n_estimators=3, verbose=-1)
    yield xgboost.XGBRegressor(n_estimators=3)


def unsupervised():
    yield cluster.KMeans(3)
    yield cluster.DBSCAN()
    yield cluster.AgglomerativeClustering(3)
    yield mixture.GaussianMixture(2)
    yield mixture.BayesianGaussianMixture(n_components=2)
    yield decomposition.NMF(2).set_params(init="nndsvda")
    yield decomposition.TruncatedSVD(2)
    yield manifold.Isomap(n_components=2)
    yield covariance.EllipticEnvelope()
    yield ensemble.IsolationForest(n_estimators=3)
    yield neighbors.LocalOutlierFactor(novelty=True)
    yield neighbors.KernelDensity()
    yield kernel_approximation.RBFSampler()
    yield preprocessing.PolynomialFeatures()
    yield preprocessing.QuantileTransformer(n_quantiles=10)
    yield preprocessing.KBinsDiscretizer(3)
    yield preprocessing.SplineTransformer()
    yield impute.KNNImputer()


def text_models():
    for vectorizer in (
        feature_extraction.text.TfidfVectorizer(),
        feature_extraction.text.CountVectorizer(analyzer="char_wb", ngram_range=(1, 3), stop_words=["the"]),
        feature_extraction.text.HashingVectorizer(n_features=64),
    ):
        for model in (linear_model.LogisticRegression(), svm.LinearSVC(), ensemble.RandomForestClassifier(3)):
            yield pipeline.Pipeline([("vectorizer", vectorizer), ("model", model)]).fit(TEXTS, Y)
    yield pipeline.make_pipeline(feature_extraction.text.CountVectorizer(), naive_bayes.MultinomialNB()).fit(TEXTS, Y)
    yield pipeline.make_pipeline(feature_extraction.DictVectorizer(), linear_model.Ridge()).fit([{"a": 1, t: 2} for t in TEXTS], Z)
    yield pipeline.make_pipeline(
        compose.make_column_transformer(
            (pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.RobustScaler()), ["width"]),
            (preprocessing.OneHotEncoder(handle_unknown="ignore"), ["colour"]),
            (preprocessing.OrdinalEncoder(encoded_missing_value=-1), compose.make_column_selector(pattern="name")),
            remainder="drop",
        ),
        ensemble.GradientBoostingRegressor(n_estimators=3),
    ).fit(TABLE, Z)


def values():
    """What lies beside a model: tables, sparse matrices, distributions, generators, plain values."""
    yield "table", TABLE
    yield "table_indexed", TABLE.set_index(["colour", "day"]).groupby("colour", observed=True)[["width"]].mean()
    yield "series_periods", pd.Series(range(4), index=pd.period_range("2024-01", periods=4, freq="M"))
    yield "interval_index", pd.interval_range(0, 5)
    yield "nullable", pd.DataFrame({"a": pd.array([1, None], dtype="Int64"), "b": pd.array([True, None], dtype="boolean")})
    yield "timestamps", [pd.Timestamp("2024-01-01", tz="UTC"), pd.Timedelta("1h"), pd.NaT]
    yield "sparse_table", pd.DataFrame({"a": pd.arrays.SparseArray([0, 0, 1])})
    for form in ("csr", "csc", "coo", "lil", "dok", "dia", "bsr"):
        yield f"sparse_{form}", scipy.sparse.random(8, 8, 0.3, format=form, random_state=1)
    yield "sparse_array", scipy.sparse.csr_array(np.eye(3))
    yield "kd_tree", scipy.spatial.cKDTree(X)
    yield "spline", scipy.interpolate.CubicSpline(np.arange(5.0), np.arange(5.0) ** 2)
    yield "interpolated", scipy.interpolate.interp1d(np.arange(5.0), np.arange(5.0) ** 2)
    yield "distribution", scipy.stats.norm(0, 2)
    yield "kernel_density", scipy.stats.gaussian_kde(X[:, 0])
    yield "label_encoder", preprocessing.LabelEncoder().fit(["a", "b"])
    yield "isotonic", isotonic.IsotonicRegression().fit(X[:, 0], Z)
    yield "booster_lightgbm", lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, Z), 3)
    yield "booster_xgboost", xgboost.train({}, xgboost.DMatrix(X, Z), 3)
    yield "ols", statsmodels.OLS(Z, statsmodels.add_constant(X)).fit()
    yield "logit", statsmodels.GLM(Y, X, family=statsmodels.families.Binomial()).fit()
    yield "random_state", np.random.RandomState(1)
    yield "generators", [np.random.default_rng(1), np.random.Generator(np.random.Philox(1)), np.random.SeedSequence(1)]
    yield "arrays", [X, X.T, X[::2], np.asfortranarray(X), np.float32(1.5), np.bool_(True), np.arange(3, dtype=">i2"), np.zeros(0)]
    yield "structured", np.array([(1, 2.0, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")])
    yield "objects", np.array([{"a": 1}, None, "text", [1, 2]], dtype=object)
    yield "dates", np.array(["2024-01-01", "NaT"], dtype="datetime64[ns]")
    yield "masked", np.ma.masked_less(X, 0)
    yield "dtypes", [np.dtype("f4"), np.float64, np.dtype([("a", "U4")])]
    yield "polynomial", [np.polynomial.Polynomial([1, 2]), np.poly1d([1, 2])]
    yield "checkpoint", {"epoch": 3, "state": collections.OrderedDict(weight=X, bias=Y), "loss": [0.5, 0.25], "best": float("inf")}
    yield "containers", [
        collections.defaultdict(list, a=[1]), collections.defaultdict(int), collections.Counter("gate"), collections.deque([1], 3),
        {1, 2}, frozenset({3}), bytearray(b"abc"), b"abc", 1j, slice(1, 2), range(3), 2**70, Ellipsis, NotImplemented]
    yield "moments", [
        datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc), datetime.date(2024, 1, 1), datetime.timedelta(1), datetime.time(1)]
    yield "numbers", [decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=7)]
    yield "paths", [pathlib.PurePosixPath("a/b"), pathlib.Path("c")]
    yield "expression", re.compile(r"\w+", re.IGNORECASE)
    yield "types", [int, dict, collections.OrderedDict, np.ndarray]


def named():
    for family, models in (("classifier", classifiers()), ("unsupervised", unsupervised())):
        for number, model in enumerate(models):
            target = Y if family == "classifier" else None
            yield f"{family}_{number:02}_{type(model).__name__}", model.fit(abs(X) if isinstance(model, decomposition.NMF) else X, target)
    for number, model in enumerate(regressors()):
        target = np.column_stack([Z, -Z]) if isinstance(model, multioutput.RegressorChain) else Z
        yield f"regressor_{number:02}_{type(model).__name__}", model.fit(X, target)
    for number, model in enumerate(text_models()):
        yield f"text_{number:02}_{'_'.join(type(step).__name__ for _, step in model.steps)}", model
    yield from values()


def main(folder):
    warnings.simplefilter("ignore")
    folder.mkdir(parents=True, exist_ok=True)
    compressors = ("zlib", "gzip", "bz2", "xz", "lzma", "lz4")
    for number, (name, model) in enumerate(named()):
        for protocol in range(2, 6):
            (folder / f"{name}.protocol{protocol}.pkl").write_bytes(pickle.dumps(model, protocol))
        joblib.dump(model, folder / f"{name}.joblib")
        joblib.dump(model, folder / f"{name}.protocol2.joblib", protocol=2)
        # One compressor for each object, in turn: six times the files would show nothing more.
        compressor = compressors[number % len(compressors)]
        joblib.dump(model, folder / f"{name}.{compressor}.joblib", compress=(compressor, 3))
    np.save(folder / "floats.npy", X)
    np.save(folder / "objects.npy", np.array([{"a": X}, "text"], dtype=object), allow_pickle=True)
    np.savez(folder / "weights.npz", weight=X, bias=Y)
    np.savez_compressed(folder / "mixed.npz", weight=X, names=np.array(["a", None], dtype=object))
    scipy.sparse.save_npz(folder / "sparse.npz", scipy.sparse.csr_matrix(X))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
