"""Module and the containers: what they find, save, load, refuse and print."""

import copy

import numpy as np
import pytest

import minidl
from minidl import nn


class Net(nn.Module):
    def __init__(self):
        self.body = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
        self.scale = nn.Parameter([2.0, 3.0])
        self.register_buffer("count", minidl.tensor(0))
        self.register_buffer("scratch", minidl.tensor([1.0]), persistent=False)

    def forward(self, x):
        return self.body(x) * self.scale


@pytest.fixture
def net():
    minidl.seed(0)
    return Net()


KEYS = ["scale", "count", "body.0.weight", "body.0.bias", "body.2.weight", "body.2.bias"]


# ---------------------------------------------------------------------------- what it finds


def test_names(net):
    assert [name for name, _ in net.named_parameters()] == [k for k in KEYS if k != "count"]
    assert [name for name, _ in net.named_buffers()] == ["count", "scratch"]
    assert [name for name, _ in net.named_modules()] == ["", "body", "body.0", "body.1", "body.2"]
    assert [name for name, _ in net.named_children()] == ["body"]
    assert [name for name, _ in net.named_parameters(recurse=False)] == ["scale"]
    assert net.get_parameter("body.2.bias") is net.body[2].bias
    assert net.get_submodule("body.1") is net.body[1] and net.get_submodule("") is net


def test_a_shared_layer_counts_once():
    layer = nn.Linear(2, 2)
    net = nn.Sequential(layer, nn.ReLU(), layer)
    assert len([*net.parameters()]) == 2
    assert [*net.state_dict()] == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_subclass_may_leave_out_the_call_of_init():
    class Bare(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter([1.0])

    assert len([*Bare().parameters()]) == 1 and Bare().training


def test_assigning_none_or_a_new_parameter(net):
    net.scale = nn.Parameter([1.0, 1.0])
    net.scale = None
    assert "scale" not in dict(net.named_parameters())


def test_a_tensor_cannot_take_a_parameters_place(net):
    with pytest.raises(TypeError, match="Net.scale is a Parameter and Tensor is not"):
        net.scale = minidl.tensor([1.0, 2.0])


def test_a_plain_list_of_layers_is_refused():
    net = nn.Module()
    with pytest.raises(TypeError, match=r"hides what it holds.*nn.ModuleList\(layers\)"):
        net.layers = [nn.Linear(2, 2)]
    with pytest.raises(TypeError, match=r"nn.ParameterDict\(table\)"):
        net.table = {"a": nn.Parameter([1.0])}
    net.layers = nn.ModuleList([nn.Linear(2, 2)])
    net.shortcut = [net.layers[0]]  # known already, so nothing is hidden


# --------------------------------------------------------------------------- what is done to it


def test_train_and_eval_reach_every_module(net):
    net.eval()
    assert [m.training for m in net.modules()] == [False] * 5
    net.train()
    assert all(m.training for m in net.modules())


def test_apply_goes_from_the_leaves_up(net):
    seen = []
    net.apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Linear", "Sequential", "Net"]


def test_casting_keeps_the_parameters_and_spares_integers(net):
    before = [*net.parameters()]
    net(minidl.tensor(np.ones((1, 3), np.float32))).sum().backward()
    net.double()
    assert all(a is b for a, b in zip(before, net.parameters(), strict=True))
    assert {p.dtype for p in net.parameters()} == {np.dtype(float)}
    assert {p.grad.dtype for p in net.parameters()} == {np.dtype(float)}
    assert net.scratch.dtype == float and net.count.dtype == np.int64
    assert all(p.requires_grad for p in net.parameters())
    net(minidl.tensor(np.ones((1, 3)))).sum().backward()
    with pytest.raises(TypeError, match="parameters are floats"):
        net.to("int64")


def test_a_float64_input_is_refused(net):
    with pytest.raises(TypeError, match=r"the input is float64, the weight float32: cast"):
        net(minidl.tensor(np.ones((1, 3))))


def test_freezing_and_forgetting_gradients(net):
    x = minidl.tensor(np.ones((1, 3), np.float32))
    net.body.requires_grad_(False)
    net(x).sum().backward()
    assert net.scale.grad is not None and net.body[0].weight.grad is None
    net.zero_grad(set_to_none=False)
    np.testing.assert_array_equal(net.scale.grad.data, [0, 0])
    net.zero_grad()
    assert net.scale.grad is None


def test_hooks_see_and_may_change_inputs_and_outputs(net):
    x = minidl.tensor(np.ones((1, 3), np.float32))
    plain = net(x).detach().numpy()
    seen = []
    with (
        net.register_forward_pre_hook(lambda m, args: seen.append(args)),
        net.register_forward_hook(lambda m, args, y: y * 2),
    ):
        np.testing.assert_array_equal(net(x).detach().numpy(), 2 * plain)
    assert seen == [(x,)]
    np.testing.assert_array_equal(net(x).detach().numpy(), plain)
    handle = net.register_forward_pre_hook(lambda m, args: args[0] * 0)
    assert not np.array_equal(net(x).detach().numpy(), plain)
    handle.remove()
    handle.remove()
    np.testing.assert_array_equal(net(x).detach().numpy(), plain)


def test_a_copy_does_not_share_hooks(net):
    twin = copy.deepcopy(net)
    net.register_forward_hook(lambda m, args, y: y * 0)
    assert twin(minidl.tensor(np.ones((1, 3), np.float32))).data.any()


# ----------------------------------------------------------------------------------- its state


def test_state_round_trip(net):
    state = net.state_dict()
    assert [*state] == KEYS
    assert not any(t.requires_grad for t in state.values())
    minidl.seed(1)
    other = Net()
    assert other.load_state_dict(state) == ([], [])
    for key, value in other.state_dict().items():
        np.testing.assert_array_equal(value.data, state[key].data)
        assert not np.shares_memory(value.data, state[key].data)


def test_arrays_load_too_and_are_cast(net):
    state = {k: np.asarray(v.data, float) for k, v in net.state_dict().items()}
    minidl.seed(1)
    other = Net()
    other.load_state_dict(state)
    assert other.scale.dtype == np.float32 and other.count.dtype == np.int64
    np.testing.assert_array_equal(other.body[0].weight.data, net.body[0].weight.data)


def test_one_message_says_all_that_does_not_fit_and_nothing_changes(net):
    state = {k: v.data.copy() * 0 for k, v in net.state_dict().items()}
    del state["body.0.bias"]
    state["body.9.weight"] = np.zeros(1)
    state["scale"] = np.zeros(5)
    with pytest.raises(RuntimeError) as caught:
        net.load_state_dict(state)
    for part in ["body.0.bias", "body.9.weight", r"scale", "(5,)", "(2,)", "Net"]:
        assert part in str(caught.value)
    assert net.body[0].weight.data.any()
    state["scale"] = np.zeros(2)
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["body.0.bias"], ["body.9.weight"])
    assert not net.body[0].weight.data.any()


def test_repr(net):
    assert repr(net) == (
        "Net(\n"
        "  (body): Sequential(\n"
        "    (0): Linear(in_features=3, out_features=4, bias=True)  # 16 parameters\n"
        "    (1): ReLU()\n"
        "    (2): Linear(in_features=4, out_features=2, bias=True)  # 10 parameters\n"
        "  )  # 26 parameters\n"
        ")  # 28 parameters"
    )


# ---------------------------------------------------------------------------------- containers


def test_sequential_is_a_row_of_modules():
    a, b, c = nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1)
    net = nn.Sequential(a, b)
    net.append(c)
    assert len(net) == 3 and net[-1] is c and [*net] == [a, b, c]
    assert [*net[1:].state_dict()] == ["2.weight", "2.bias"]
    net[1] = nn.ReLU()
    del net[0]
    assert [*net.state_dict()] == ["1.weight", "1.bias"]
    net.insert(0, a)
    assert net[0] is a and len(net.extend([b, b])) == 5
    named = nn.Sequential({"first": a, "second": b})
    assert [*named.state_dict()] == ["first.weight", "first.bias"] and named.second is b


def test_lists_and_dictionaries():
    modules = nn.ModuleList([nn.Linear(1, 1)])
    modules.append(nn.ReLU()).insert(0, nn.Tanh())
    assert [type(m).__name__ for m in modules] == ["Tanh", "Linear", "ReLU"]
    assert [*modules.state_dict()] == ["1.weight", "1.bias"]
    assert isinstance(modules[:2], nn.ModuleList) and len(modules[:2]) == 2
    table = nn.ModuleDict({"a": nn.Linear(1, 1, bias=False)})
    table["b"] = nn.ReLU()
    assert "b" in table and [*table] == ["a", "b"] and [*table.state_dict()] == ["a.weight"]
    del table["a"]
    assert [*table.keys()] == ["b"] and len(table) == 1
    numbers = nn.ParameterList([nn.Parameter([1.0]), [2.0, 3.0]])
    assert [p.shape for p in numbers] == [(1,), (2,)] and [*numbers.state_dict()] == ["0", "1"]
    named = nn.ParameterDict({"w": nn.Parameter([1.0])})
    assert named["w"].requires_grad and [*named.state_dict()] == ["w"]


def test_containers_refuse_what_they_do_not_hold():
    with pytest.raises(TypeError, match="Sequential holds Modules: element '1' is a int"):
        nn.Sequential(nn.ReLU(), 3)
    with pytest.raises(KeyError, match="'train'"):
        nn.ModuleDict({"train": nn.ReLU()})
    with pytest.raises(KeyError, match="has a dot"):
        nn.ModuleDict({"a.b": nn.ReLU()})


def test_a_module_without_forward_says_so():
    with pytest.raises(NotImplementedError, match="ModuleList does not define forward"):
        nn.ModuleList()(1)
