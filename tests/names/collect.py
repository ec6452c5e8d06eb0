#!/usr/bin/env python3
"""Fits and pickles what real libraries make, and tells which names their pickles import and how they use them.

`python3 tests/names/collect.py FOLDER` writes each object as FOLDER/NAME.pN.pkl (pickle, protocols 0, 2, 4, 5) and
FOLDER/NAME.joblib, and FOLDER/uses.tsv: name, door (import, call, new, build), types of the arguments, how often.
The rows of the estimator packs in checks/model/names/packs come from these uses. Needs the libraries; those that are
not installed are passed over. It loads only what it made itself.
"""
import io
import pathlib
import pickle
import sys
import warnings
from collections import Counter

warnings.filterwarnings("ignore")
USES = Counter()


def path_of(thing):
    return f"{getattr(thing, '__module__', None) or 'builtins'}.{getattr(thing, '__qualname__', repr(thing))}"


class Tracer(pickle._Unpickler):
    """CPython's Python unpickler, which also says through which door each name went."""

    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.names = {}

    def find_class(self, module, name):
        found = super().find_class(module, name)
        if self.proto < 3 and self.fix_imports:
            mapping, modules = pickle._compat_pickle.NAME_MAPPING, pickle._compat_pickle.IMPORT_MAPPING
            if (module, name) in mapping:
                module, name = mapping[module, name]
            elif module in modules:
                module = modules[module]
        path = f"{module}.{name}"
        USES[path, "import", ""] += 1
        try:
            self.names[id(found)] = path
            self.keep = getattr(self, "keep", []) + [found]
        except TypeError:
            pass
        return found

    def note(self, callee, door, args):
        path = self.names.get(id(callee)) or "?" + path_of(callee)
        kinds = ",".join(type(arg).__name__ for arg in args) if isinstance(args, tuple) else type(args).__name__
        USES[path, door, kinds] += 1

    def load_reduce(self):
        self.note(self.stack[-2], "call", self.stack[-1])
        super().load_reduce()

    def load_newobj(self):
        self.note(self.stack[-2], "new", self.stack[-1])
        super().load_newobj()

    def load_newobj_ex(self):
        self.note(self.stack[-3], "new", self.stack[-2])
        super().load_newobj_ex()

    def load_build(self):
        target = type(self.stack[-2])
        USES[self.names.get(id(target)) or "?" + path_of(target), "build", type(self.stack[-1]).__name__] += 1
        super().load_build()


Tracer.dispatch[pickle.REDUCE[0]] = Tracer.load_reduce
Tracer.dispatch[pickle.NEWOBJ[0]] = Tracer.load_newobj
Tracer.dispatch[pickle.NEWOBJ_EX[0]] = Tracer.load_newobj_ex
Tracer.dispatch[pickle.BUILD[0]] = Tracer.load_build


def sklearn_objects():
    import numpy as np
    from sklearn.utils import all_estimators
    from sklearn.utils._test_common.instance_generator import _construct_instances

    rng = np.random.RandomState(0)
    X = np.abs(rng.rand(40, 4)) + 0.1
    y = np.arange(40) % 2
    texts = [f"word{i % 7} other{i % 5} text" for i in range(40)]
    for name, kind in all_estimators():
        try:
            instances = list(_construct_instances(kind))[:3]
        except Exception:
            continue
        for index, model in enumerate(instances):
            for data in ((X, y), (X, np.c_[y, 1 - y]), (X, y.astype(float) + 1), (X[:, 0], y), (texts, y), (y,), (np.c_[y, y],)):
                try:
                    model.fit(*data)
                    break
                except Exception:
                    continue
            yield f"sklearn-{name}-{index}", model
    yield from sklearn_compositions(np, X, y, texts)


def sklearn_compositions(np, X, y, texts):
    from sklearn import (cluster, compose, datasets, ensemble, feature_extraction, gaussian_process, impute, isotonic, linear_model,
                         metrics, model_selection, multiclass, naive_bayes, neighbors, neural_network, pipeline, preprocessing,
                         svm, tree)

    text = feature_extraction.text
    for vectorizer in (text.TfidfVectorizer(), text.CountVectorizer(binary=True), text.HashingVectorizer(),
                       text.TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3), stop_words="english"),
                       text.CountVectorizer(tokenizer=str.split, token_pattern=None, preprocessor=str.lower)):
        for model in (linear_model.LogisticRegression(), naive_bayes.MultinomialNB(alpha=1.0), svm.LinearSVC(), linear_model.SGDClassifier(),
                      calibrated(svm.LinearSVC())):
            try:
                yield f"text-{type(vectorizer).__name__}-{type(model).__name__}", pipeline.make_pipeline(vectorizer, model).fit(texts, y)
            except ValueError:
                pass
    numeric = pipeline.make_pipeline(impute.SimpleImputer(), preprocessing.StandardScaler())
    columns = compose.ColumnTransformer([("n", numeric, [0, 1]), ("c", preprocessing.OneHotEncoder(handle_unknown="ignore"), [2])], remainder="passthrough")
    yield "column-transformer", pipeline.make_pipeline(columns, ensemble.RandomForestClassifier(3)).fit(X, y)
    yield "column-selector", compose.make_column_transformer((preprocessing.StandardScaler(), slice(0, 2)), (preprocessing.MinMaxScaler(), compose.make_column_selector(dtype_include=np.number)))
    yield "grid-search", model_selection.GridSearchCV(svm.SVC(), {"C": [1, 2], "kernel": ["rbf", "poly"]}, cv=2).fit(X, y)
    import scipy.stats
    yield "random-search", model_selection.RandomizedSearchCV(linear_model.LogisticRegression(), {"C": scipy.stats.uniform(0, 4)}, n_iter=2, cv=model_selection.StratifiedKFold(2), random_state=np.random.RandomState(1)).fit(X, y)
    yield "stack", ensemble.StackingClassifier([("a", svm.SVC()), ("b", tree.DecisionTreeClassifier())], cv=2).fit(X, y)
    yield "vote", ensemble.VotingRegressor([("a", linear_model.Ridge()), ("b", neighbors.KNeighborsRegressor())]).fit(X, y)
    yield "function-transformer", preprocessing.FunctionTransformer(np.log1p, np.expm1, validate=True)
    yield "function-transformer-2", preprocessing.FunctionTransformer(np.sqrt)
    yield "scorer", [metrics.make_scorer(metrics.f1_score), metrics.get_scorer("roc_auc"), metrics.get_scorer("neg_mean_squared_error")]
    yield "splitters", [getattr(model_selection, n)() for n in ("KFold", "StratifiedKFold", "GroupKFold", "LeaveOneOut", "ShuffleSplit", "TimeSeriesSplit", "RepeatedKFold", "StratifiedShuffleSplit", "RepeatedStratifiedKFold")]
    k = gaussian_process.kernels
    base = k.RBF() + k.WhiteKernel() * k.Matern() + k.RationalQuadratic() ** 2 + k.ExpSineSquared() + k.DotProduct() + k.ConstantKernel() + k.PairwiseKernel()
    yield "gp", gaussian_process.GaussianProcessRegressor(base, alpha=10, optimizer=None).fit(X, y)
    yield "kernels", [base, k.CompoundKernel([k.RBF()])]
    for loss in ("log_loss", "exponential"):
        yield f"gb-{loss}", ensemble.GradientBoostingClassifier(loss=loss, n_estimators=2).fit(X, y)
    for loss in ("squared_error", "absolute_error", "huber", "quantile"):
        yield f"gbr-{loss}", ensemble.GradientBoostingRegressor(loss=loss, n_estimators=2).fit(X, y)
    yield "gb-multi", ensemble.GradientBoostingClassifier(n_estimators=2).fit(X, np.arange(40) % 3)
    for loss in ("squared_error", "absolute_error", "gamma", "poisson", "quantile"):
        yield f"hgbr-{loss}", ensemble.HistGradientBoostingRegressor(loss=loss, max_iter=2, quantile=0.5).fit(X, y + 1.0)
    for c in (2, 3):
        yield f"hgbc-{c}", ensemble.HistGradientBoostingClassifier(max_iter=2).fit(X, np.arange(40) % c)
    for loss in ("hinge", "log_loss", "modified_huber", "squared_hinge", "perceptron", "squared_error", "huber", "epsilon_insensitive", "squared_epsilon_insensitive"):
        yield f"sgd-{loss}", linear_model.SGDClassifier(loss=loss).fit(X, y)
        yield f"mlp-{loss}", neural_network.MLPClassifier((3,), max_iter=2).fit(X, y)
    yield "mlp-sgd", neural_network.MLPRegressor((3,), solver="sgd", max_iter=2).fit(X, y)
    for algorithm in ("kd_tree", "ball_tree", "brute"):
        yield f"knn-{algorithm}", neighbors.KNeighborsClassifier(algorithm=algorithm).fit(X, y)
        yield f"knn32-{algorithm}", neighbors.NearestNeighbors(algorithm=algorithm).fit(X.astype("f4"))
        for metric in ("euclidean", "manhattan", "chebyshev", "minkowski", "cosine", "haversine", "hamming", "canberra", "braycurtis", "jaccard"):
            try:
                yield f"knn-{algorithm}-{metric}", neighbors.NearestNeighbors(algorithm=algorithm, metric=metric).fit(X if metric != "haversine" else X[:, :2])
            except ValueError:
                pass
    yield "metrics", [metrics.DistanceMetric.get_metric(m) for m in ("euclidean", "manhattan", "chebyshev", "hamming", "canberra", "braycurtis", "jaccard", "haversine", "dice")]
    yield "metrics-p", [metrics.DistanceMetric.get_metric("minkowski", p=3), metrics.DistanceMetric.get_metric("seuclidean", V=np.ones(3)), metrics.DistanceMetric.get_metric("mahalanobis", V=np.eye(3))]
    yield "kde", [neighbors.KernelDensity(kernel=kernel).fit(X) for kernel in ("gaussian", "tophat", "linear")]
    yield "iso", isotonic.IsotonicRegression().fit(X[:, 0], y)
    yield "calibrated", [calibrated(naive_bayes.GaussianNB()).fit(X, y), calibrated(svm.LinearSVC(), "isotonic").fit(X, y)]
    yield "multi", [multiclass.OneVsRestClassifier(linear_model.LogisticRegression()).fit(X, y), multiclass.OneVsOneClassifier(svm.LinearSVC()).fit(X, np.arange(40) % 3)]
    yield "sparse-fit", linear_model.LogisticRegression().fit(__import__("scipy.sparse").sparse.csr_matrix(X), y)
    yield "spline", preprocessing.SplineTransformer().fit(X)
    yield "bunch", datasets.load_iris()
    yield "random-state", [cluster.KMeans(2, random_state=np.random.RandomState(3), n_init=1).fit(X), ensemble.IsolationForest(3, random_state=np.random.RandomState(3)).fit(X)]
    yield "rf-str", ensemble.RandomForestClassifier(3).fit(X, np.where(y, "yes", "no"))
    yield "rf-obj", ensemble.RandomForestClassifier(3).fit(X, np.where(y, "yes", "no").astype(object))
    import pandas as pd
    frame = pd.DataFrame(X, columns=list("abcd"))
    yield "frame-fit", pipeline.make_pipeline(preprocessing.StandardScaler(), ensemble.ExtraTreesClassifier(3)).set_output(transform="pandas").fit(frame, pd.Series(y))
    yield "meta-params", linear_model.Ridge().set_fit_request(sample_weight=True)


def calibrated(model, method="sigmoid"):
    from sklearn.calibration import CalibratedClassifierCV
    return CalibratedClassifierCV(model, method=method, cv=2)


def numpy_objects():
    import numpy as np
    yield "np-arrays", [np.zeros((2, 3)), np.zeros((2, 3), order="F"), np.array(["a", "bb"]), np.array([1, "x", None], dtype=object), np.zeros(3, dtype=[("a", "i4"), ("b", "f8")]),
                        np.array([1, 2], dtype="M8[ns]"), np.array(3), np.zeros(0), np.array([1 + 2j]), np.array([b"x"]), np.zeros(2, "float16")]
    yield "np-scalars", [np.float64(1), np.int64(2), np.bool_(True), np.str_("x"), np.bytes_(b"x"), np.complex64(1), np.datetime64("2020-01-01"), np.timedelta64(1, "D"), np.float32(2), np.void(b"ab")]
    yield "np-dtypes", [np.dtype("f8"), np.dtype([("a", "i4")]), np.float32, np.int64, np.dtype("O"), np.ndarray, np.bool_, np.dtype("U5"), np.dtype("M8[s]"), type(np.dtype("f4"))]
    yield "np-masked", np.ma.array([1, 2, 3], mask=[0, 1, 0])
    yield "np-masked-const", [np.ma.masked, np.ma.nomask]
    yield "np-matrix", np.matrix([[1, 2]])
    yield "np-recarray", np.rec.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")])
    yield "np-chararray", np.char.array(["a", "b"])
    yield "np-poly", [np.poly1d([1, 2]), np.polynomial.Polynomial([1, 2]), np.polynomial.Chebyshev([1, 2]), np.polynomial.Legendre([1]), np.polynomial.Hermite([1]), np.polynomial.HermiteE([1]), np.polynomial.Laguerre([1])]
    yield "np-random", [np.random.RandomState(0), np.random.default_rng(0), np.random.SeedSequence(3)]
    for kind in ("MT19937", "PCG64", "PCG64DXSM", "Philox", "SFC64"):
        yield f"np-random-{kind}", np.random.Generator(getattr(np.random, kind)(1))
    yield "np-functions", [np.mean, np.log, np.exp, np.sum, np.median, np.std, np.max, np.min, np.argmax, np.log1p, np.sqrt, np.abs, np.tanh, np.maximum, np.add, np.linalg.norm, np.sin, np.percentile, np.nanmean, np.identity, np.array, np.zeros, np.ones]
    yield "np-errors", [np.linalg.LinAlgError("x"), np.exceptions.VisibleDeprecationWarning("x")]
    yield "np-misc", [np.iinfo("i4"), np.finfo("f4"), np.vectorize(len), np.broadcast_to(np.arange(3), (2, 3)), np.str_, slice(1, 2)]


def scipy_objects():
    import numpy as np
    import scipy.interpolate as interpolate
    import scipy.sparse as sparse
    import scipy.spatial as spatial
    import scipy.stats as stats

    dense = np.eye(4)
    for fmt in ("csr", "csc", "coo", "bsr", "dia", "dok", "lil"):
        yield f"sparse-{fmt}", [getattr(sparse, f"{fmt}_matrix")(dense), getattr(sparse, f"{fmt}_array")(dense)]
    x = np.arange(8.0)
    makers = {
        "interp1d": lambda: interpolate.interp1d(x, x), "cubic": lambda: interpolate.CubicSpline(x, x), "pchip": lambda: interpolate.PchipInterpolator(x, x),
        "akima": lambda: interpolate.Akima1DInterpolator(x, x), "bspline": lambda: interpolate.make_interp_spline(x, x), "uni": lambda: interpolate.UnivariateSpline(x, x),
        "interp-uni": lambda: interpolate.InterpolatedUnivariateSpline(x, x), "rbf": lambda: interpolate.RBFInterpolator(x[:, None], x), "grid": lambda: interpolate.RegularGridInterpolator((x, x), np.outer(x, x)),
        "nearest": lambda: interpolate.NearestNDInterpolator(np.c_[x, x**2], x), "linear": lambda: interpolate.LinearNDInterpolator(np.c_[x, x**2], x), "ppoly": lambda: interpolate.PPoly(np.ones((2, 3)), np.arange(4.0)),
        "bary": lambda: interpolate.BarycentricInterpolator(x, x), "krogh": lambda: interpolate.KroghInterpolator(x, x), "smooth": lambda: interpolate.SmoothBivariateSpline(x, x[::-1] * 2, x, kx=1, ky=1),
        "rect": lambda: interpolate.RectBivariateSpline(x, x, np.outer(x, x)), "kdtree": lambda: spatial.KDTree(np.c_[x, x]), "ckdtree": lambda: spatial.cKDTree(np.c_[x, x]),
        "rotation": lambda: spatial.transform.Rotation.from_euler("z", 1), "slerp": lambda: spatial.transform.Slerp([0, 1], spatial.transform.Rotation.from_euler("z", [0, 1])),
        "kde": lambda: stats.gaussian_kde(x), "frozen": lambda: stats.norm(0, 1), "dists": lambda: [stats.norm, stats.uniform(0, 1), stats.randint(1, 5), stats.loguniform(1, 2), stats.expon(), stats.beta(1, 2), stats.poisson(3), stats.gamma(2), stats.t(3), stats.binom(3, 0.5), stats.lognorm(1), stats.truncnorm(-1, 1)],
        "mvn": lambda: stats.multivariate_normal([0, 0]), "hist": lambda: stats.rv_histogram(np.histogram(x)), "linregress": lambda: stats.linregress(x, x), "ttest": lambda: stats.ttest_ind(x, x),
        "optimize": lambda: __import__("scipy.optimize").optimize.minimize(lambda v: (v**2).sum(), x[:2], method="BFGS"), "lbfgs": lambda: __import__("scipy.optimize").optimize.minimize(lambda v: (v**2).sum(), x[:2], method="L-BFGS-B"),
        "delaunay": lambda: spatial.Delaunay(np.random.RandomState(0).rand(9, 2)), "hull": lambda: spatial.ConvexHull(np.random.RandomState(0).rand(9, 2)), "linop": lambda: __import__("scipy.sparse.linalg").sparse.linalg.aslinearoperator(dense),
        "functions": lambda: [__import__("scipy.special").special.expit, spatial.distance.euclidean, spatial.distance.cosine, stats.zscore], "signal": lambda: __import__("scipy.signal").signal.TransferFunction([1.0], [1.0, 2.0]),
    }
    for name, make in makers.items():
        try:
            yield f"scipy-{name}", make()
        except Exception as error:
            print("skipped", name, error, file=sys.stderr)


def pandas_objects():
    import numpy as np
    import pandas as pd
    frame = pd.DataFrame({"a": [1, 2, 3], "b": [1.5, np.nan, 2], "c": ["x", "y", None], "d": pd.Categorical(["u", "v", "u"]), "e": pd.date_range("2020", periods=3), "f": pd.to_timedelta([1, 2, 3]), "g": [True, False, True]})
    yield "frame", frame
    yield "frame-tz", frame.assign(z=frame.e.dt.tz_localize("UTC"), w=frame.e.dt.tz_localize("Europe/Berlin"))
    yield "frame-masked", frame.convert_dtypes()
    yield "frame-ext", pd.DataFrame({"i": pd.array([1, None], dtype="Int64"), "s": pd.array(["a", None], dtype="string"), "b": pd.array([True, None], dtype="boolean"), "f": pd.array([1.0, None], dtype="Float64")})
    yield "frame-object", frame.astype(object)
    yield "series", [frame.a, frame.c, frame.d, frame.e, pd.Series(dtype=object)]
    yield "index", [pd.Index([1, 2]), pd.Index(["a"]), pd.RangeIndex(3), pd.MultiIndex.from_product([[1, 2], list('ab')]), pd.DatetimeIndex(["2020"]), pd.PeriodIndex(["2020-01"], freq="M"), pd.IntervalIndex.from_breaks([0, 1, 2]), pd.CategoricalIndex(["a"]), pd.TimedeltaIndex([1])]
    yield "scalars", [pd.Timestamp("2020"), pd.Timestamp("2020", tz="UTC"), pd.Timedelta(1), pd.NaT, pd.NA, pd.Period("2020-01", "M"), pd.Interval(0, 1), pd.offsets.MonthEnd(), pd.offsets.BDay(2), pd.tseries.frequencies.to_offset("h")]
    yield "dtypes", [pd.CategoricalDtype(["a"]), pd.Int64Dtype(), pd.StringDtype(), pd.DatetimeTZDtype(tz="UTC"), pd.PeriodDtype("M"), pd.BooleanDtype(), pd.IntervalDtype("int64"), pd.Float64Dtype(), pd.SparseDtype("float"), pd.Float32Dtype(), pd.Int8Dtype(), pd.UInt8Dtype()]
    yield "groupby", frame.groupby("a").mean(numeric_only=True)
    yield "multi", frame.set_index(["a", "c"])
    yield "sparse", pd.arrays.SparseArray([0, 0, 1])


def boosting_objects():
    import numpy as np
    X, y = np.random.RandomState(0).rand(60, 3), np.arange(60) % 2
    try:
        import xgboost
        for model in (xgboost.XGBClassifier(n_estimators=2), xgboost.XGBRFRegressor(n_estimators=2), xgboost.XGBRFClassifier(n_estimators=2), xgboost.XGBRegressor(n_estimators=2, objective="reg:absoluteerror"), xgboost.XGBRegressor(n_estimators=2, early_stopping_rounds=1, callbacks=[xgboost.callback.EarlyStopping(1)])):
            yield f"xgb-{type(model).__name__}{id(model) % 97}", model.fit(X, y, eval_set=[(X, y)])
        yield "xgb-ranker", xgboost.XGBRanker(n_estimators=2).fit(X, y, qid=np.zeros(60))
        yield "xgb-booster", xgboost.train({}, xgboost.DMatrix(X, y), 2)
    except ImportError:
        pass
    try:
        import lightgbm
        for model in (lightgbm.LGBMClassifier, lightgbm.LGBMRegressor, lightgbm.LGBMRanker):
            extra = {"group": [60]} if model is lightgbm.LGBMRanker else {}
            yield f"lgb-{model.__name__}", model(n_estimators=2, verbose=-1).fit(X, y, **extra)
        yield "lgb-booster", lightgbm.train({"verbose": -1}, lightgbm.Dataset(X, y), 2)
    except ImportError:
        pass
    try:
        import catboost
        for model in (catboost.CatBoostClassifier, catboost.CatBoostRegressor, catboost.CatBoost):
            yield f"cat-{model.__name__}", model({"iterations": 2, "verbose": False, "allow_writing_files": False}).fit(X, y)
        yield "cat-ranker", catboost.CatBoostRanker(iterations=2, verbose=False, allow_writing_files=False).fit(X, y, group_id=np.zeros(60))
        yield "cat-pool", catboost.Pool(X, y)
    except Exception as error:
        print("catboost", error, file=sys.stderr)


def imblearn_objects():
    import numpy as np
    from imblearn.utils._test_common.instance_generator import _construct_instances
    from imblearn.utils.testing import all_estimators
    X, y = np.random.RandomState(0).rand(60, 3), (np.arange(60) % 4 == 0).astype(int)
    for name, kind in all_estimators():
        try:
            model = next(iter(_construct_instances(kind)))
        except Exception:
            try:
                model = kind()
            except Exception:
                continue
        try:
            model = model.fit(X, y)
        except Exception:
            pass
        yield f"imblearn-{name}", model
    from imblearn.over_sampling import SMOTE
    from imblearn.pipeline import make_pipeline
    from sklearn.linear_model import LogisticRegression
    yield "imblearn-pipeline", make_pipeline(SMOTE(k_neighbors=2), LogisticRegression()).fit(X, y)


def other_objects():
    import numpy as np
    X = np.random.RandomState(0).rand(60, 3)
    words = [f"word{i % 7} other{i % 5} text".split() for i in range(60)]
    try:
        import statsmodels.api as sm
        import statsmodels.formula.api as smf
        import pandas as pd
        frame = pd.DataFrame(X, columns=list("abc"))
        frame["t"] = (frame.a > 0.5).astype(int)
        yield "sm-ols", sm.OLS(X[:, 0], sm.add_constant(X[:, 1:])).fit()
        yield "sm-logit", sm.Logit(frame.t, X[:, 1:]).fit(disp=0)
        yield "sm-glm", sm.GLM(X[:, 0], X[:, 1:]).fit()
        yield "sm-glm-binomial", sm.GLM(frame.t, X[:, 1:], family=sm.families.Binomial()).fit()
        yield "sm-formula", smf.ols("a ~ b + c", frame).fit()
        yield "sm-arima", sm.tsa.ARIMA(X[:, 0], order=(1, 0, 0)).fit()
        yield "sm-sarimax", sm.tsa.SARIMAX(X[:, 0], order=(1, 0, 0)).fit(disp=0)
        yield "sm-ets", sm.tsa.ExponentialSmoothing(X[:, 0]).fit()
        yield "sm-var", sm.tsa.VAR(X).fit(1)
        yield "sm-rlm", sm.RLM(X[:, 0], X[:, 1:]).fit()
        yield "sm-poisson", sm.Poisson(frame.t, X[:, 1:]).fit(disp=0)
        yield "sm-mnlogit", sm.MNLogit(np.arange(60) % 3, X[:, 1:]).fit(disp=0)
    except Exception as error:
        print("statsmodels", error, file=sys.stderr)
    try:
        import gensim
        from gensim import corpora, models
        dictionary = corpora.Dictionary(words)
        bags = [dictionary.doc2bow(w) for w in words]
        yield "gensim-dictionary", dictionary
        yield "gensim-w2v", models.Word2Vec(words, vector_size=4, min_count=1)
        yield "gensim-d2v", models.Doc2Vec([models.doc2vec.TaggedDocument(w, [i]) for i, w in enumerate(words)], vector_size=4, min_count=1)
        yield "gensim-ft", models.FastText(words, vector_size=4, min_count=1, bucket=10)
        yield "gensim-kv", models.Word2Vec(words, vector_size=4, min_count=1).wv
        yield "gensim-tfidf", models.TfidfModel(bags)
        yield "gensim-lda", models.LdaModel(bags, num_topics=2, id2word=dictionary)
        yield "gensim-lsi", models.LsiModel(bags, num_topics=2, id2word=dictionary)
        yield "gensim-hdp", models.HdpModel(bags, dictionary)
        yield "gensim-nmf", models.Nmf(bags, num_topics=2, id2word=dictionary)
        yield "gensim-phrases", [models.Phrases(words), models.phrases.Phraser(models.Phrases(words))]
        yield "gensim-sim", gensim.similarities.MatrixSimilarity(bags, num_features=len(dictionary))
        yield "gensim-bm25", models.OkapiBM25Model(corpus=bags)
    except Exception as error:
        print("gensim", error, file=sys.stderr)
    try:
        import nltk
        from nltk.stem import SnowballStemmer, PorterStemmer, LancasterStemmer
        train = [({"a": i % 2, "b": "x"}, i % 2) for i in range(30)]
        tagged = [[("the", "DT"), ("dog", "NN"), ("runs", "VB")]] * 5
        yield "nltk-bayes", nltk.NaiveBayesClassifier.train(train)
        yield "nltk-tree", nltk.DecisionTreeClassifier.train(train)
        yield "nltk-maxent", nltk.MaxentClassifier.train(train, trace=0, max_iter=2)
        yield "nltk-tagger", [nltk.UnigramTagger(tagged, backoff=nltk.DefaultTagger("NN")), nltk.BigramTagger(tagged), nltk.TrigramTagger(tagged), nltk.RegexpTagger([("x", "NN")])]
        yield "nltk-stem", [SnowballStemmer("english"), PorterStemmer(), LancasterStemmer()]
        yield "nltk-freq", [nltk.FreqDist("abc"), nltk.ConditionalFreqDist([("a", 1)])]
        yield "nltk-tok", [nltk.RegexpTokenizer(r"\w+"), nltk.TweetTokenizer(), nltk.TreebankWordTokenizer(), nltk.WhitespaceTokenizer()]
        yield "nltk-hmm", nltk.HiddenMarkovModelTrainer().train_supervised(tagged)
        yield "nltk-tnt", (lambda t: (t.train(tagged), t)[1])(nltk.TnT())
        yield "nltk-punkt", (lambda t: (t.train("Hello World. This is Mr. Smith."), t)[1])(nltk.tokenize.punkt.PunktTrainer()).get_params()
        yield "nltk-punkt-tok", nltk.tokenize.PunktSentenceTokenizer()
        yield "nltk-lm", [(lambda m: (m.fit([[("a", "b"), ("b", "c")]], ["a", "b", "c"]), m)[1])(kind(2)) for kind in (nltk.lm.MLE, nltk.lm.Laplace)]
        yield "nltk-grammar", nltk.CFG.fromstring("S -> 'a' S | 'b'")
        yield "nltk-parse-tree", nltk.Tree.fromstring("(S (NP a) (VP b))")
        yield "nltk-vader", __import__("vaderSentiment.vaderSentiment").vaderSentiment.SentimentIntensityAnalyzer()
        yield "nltk-perceptron", nltk.tag.perceptron.AveragedPerceptron()
    except Exception as error:
        print("nltk", error, file=sys.stderr)
    try:
        import umap
        yield "umap", umap.UMAP(n_neighbors=3, n_epochs=2).fit(X)
    except Exception as error:
        print("umap", error, file=sys.stderr)
    try:
        import hdbscan
        yield "hdbscan", hdbscan.HDBSCAN(min_cluster_size=3, prediction_data=True).fit(X)
    except Exception as error:
        print("hdbscan", error, file=sys.stderr)
    try:
        import pynndescent
        yield "pynndescent", pynndescent.NNDescent(X, n_neighbors=3)
    except Exception as error:
        print("pynndescent", error, file=sys.stderr)
    try:
        import langid.langid as langid
        yield "langid", langid.LanguageIdentifier.from_modelstring(langid.model)
    except Exception as error:
        print("langid", error, file=sys.stderr)


def stdlib_objects():
    import argparse, collections, datetime, decimal, enum, fractions, functools, ipaddress, itertools, operator, pathlib, random, re, types, uuid, zoneinfo
    yield "std", [collections.OrderedDict(a=1), collections.defaultdict(list, a=[1]), collections.defaultdict(int), collections.Counter("abc"), collections.deque([1], 3), datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc),
                  datetime.date(2020, 1, 1), datetime.timedelta(1), datetime.time(1), decimal.Decimal("1.5"), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.PurePosixPath("a/b"), pathlib.PosixPath("a"), re.compile("a+"),
                  argparse.Namespace(a=1), types.SimpleNamespace(a=1), {1, 2}, frozenset([1]), bytearray(b"x"), b"x", complex(1, 2), range(3), slice(1, 2), Ellipsis, NotImplemented, int, list, type(None), functools.partial(int, base=2),
                  operator.itemgetter(1), random.Random(1), ipaddress.ip_address("1.2.3.4"), zoneinfo.ZoneInfo("UTC"), ValueError("x"), len, max, 2**80, collections.UserDict(a=1), collections.ChainMap({}),
                  re.IGNORECASE, str.lower, "abc".upper, iter([1, 2]), itertools.chain([1]) if sys.version_info < (3, 14) else None, types.MappingProxyType]


def main():
    import joblib
    folder = pathlib.Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    total = 0
    for source in (stdlib_objects, numpy_objects, scipy_objects, pandas_objects, sklearn_objects, boosting_objects, imblearn_objects, other_objects):
        try:
            for name, thing in source():
                total += 1
                for protocol in (0, 2, 4, 5):
                    try:
                        data = pickle.dumps(thing, protocol)
                    except Exception as error:
                        print("not pickled", name, protocol, str(error)[:90], file=sys.stderr)
                        continue
                    (folder / f"{name}.p{protocol}.pkl").write_bytes(data)
                    try:
                        Tracer(io.BytesIO(data)).load()
                    except Exception as error:
                        print("not loaded", name, protocol, repr(error)[:90], file=sys.stderr)
                try:
                    joblib.dump(thing, folder / f"{name}.joblib")
                except Exception:
                    pass
        except Exception as error:
            print(source.__name__, "stopped:", repr(error), file=sys.stderr)
    with open(folder / "uses.tsv", "w", encoding="utf-8") as out:
        for (path, door, kinds), count in sorted(USES.items()):
            out.write(f"{path}\t{door}\t{kinds}\t{count}\n")
    print(total, "objects")


if __name__ == "__main__":
    main()
