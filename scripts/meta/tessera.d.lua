---@meta

---Numbers in row-major order; a picture batch is {batch, channels, height, width}. Two tensors are equal if they are so to the bit.
---@class Tensor
---@field type string The type of an element, such as f32.
---@field shape fun(self: Tensor): integer[] The sizes, outermost first.
---@field get fun(self: Tensor, ...: integer): number The element at a position, counted from 1 on every axis.
---@field values fun(self: Tensor): number[] All elements in a list.
---@field difference fun(self: Tensor, other: Tensor): number The largest distance between two elements at the same position.
---@field psnr fun(self: Tensor, other: Tensor): number The peak signal-to-noise ratio in decibels between two tensors of values from 0 to 1: 100 where nothing differs.
---@field reshape fun(self: Tensor, shape: integer[]): Tensor The same elements in another shape.
---@field transpose fun(self: Tensor, first: integer, second: integer): Tensor The tensor with two axes, counted from 1, in each other's place.
---@field with fun(self: Tensor, index: integer|table, part: number|Tensor): Tensor A copy in which a part, named as in `tensor[index]`, is another: a number everywhere, or a tensor of that part's shape.
---@field save fun(self: Tensor, path: string) Writes a .npy or .safetensors file, or a .png or .jpg picture. An output of a network becomes the picture its file declares, any other tensor one of values from 0 to 1.
---@field sum fun(self: Tensor, axis?: integer): number|Tensor The sum of all elements, or of those along an axis. Axes count from 1; that one is gone from the result.
---@field mean fun(self: Tensor, axis?: integer): number|Tensor The mean of all elements, or of those along an axis. Axes count from 1; that one is gone from the result.
---@field max fun(self: Tensor, axis?: integer): number|Tensor The largest of all elements, or of those along an axis. Axes count from 1; that one is gone from the result.
---@field min fun(self: Tensor, axis?: integer): number|Tensor The smallest of all elements, or of those along an axis. Axes count from 1; that one is gone from the result.
---@field argmax fun(self: Tensor, axis?: integer): integer|Tensor The position, counted from 1, of the largest of all elements, or of those along an axis, which is gone from the result; of equal ones the first. What is no number counts as the largest.
---@field map fun(self: Tensor, change: (fun(element: number): number)): Tensor The tensor of what a function gives for every element.
---@operator len: integer
---@operator add(Tensor|number): Tensor
---@operator sub(Tensor|number): Tensor
---@operator mul(Tensor|number): Tensor
---@operator div(Tensor|number): Tensor
---@operator pow(Tensor|number): Tensor
---@operator unm: Tensor
---@field [any] Tensor|number A part of the tensor. An integer picks a position on the first axis, which is gone then; a list has for each of the first axes a position, a range {first, last}, or {} for all of it. What is left without axes is a number.

---A picture of 8 bits per channel. A network's file says how its input is made of one.
---@class Image
---@field width integer Pixels in a row.
---@field height integer Rows.
---@field channels integer 1 for grey, 3 for RGB.
---@field save fun(self: Image, path: string) Writes a .png or .jpg file.
---@field grey fun(self: Image): Image The brightness of the picture.
---@field tensor fun(self: Image): Tensor The picture as a tensor of {1, channels, height, width}, values from 0 to 1.

---A network that can be run, planned and deployed.
---@class Network
---@field name string Its name.
---@field inputs table<string, (integer|string)[]> The shape of every input; a size that is a name is bound when an input arrives.
---@field outputs string[] The names of the outputs.
---@field layers {name: string, kind: string, options: table, inputs: string[]}[] All layers, in order of execution.
---@field run fun(self: Network, inputs: Tensor|Image|string|table<string, Tensor|Image|string|boolean>): Tensor|table<string, Tensor> Runs one inference on inputs by name, or on the only input: tensors, pictures, or paths of such. Gives the output, or a table of them by name if there are several. Beside the inputs, the table may have `precision` (f32, bf16 or f16), `layer_precision`, a table of those of single layers, `fold = false` to run the network as it is written, see `net:fold`, and `tune = true` to measure kernels first, unless an input has that name.
---@field results fun(self: Network, inputs: Tensor|Image|string|table<string, Tensor|Image|string>): table<string, table[]> Runs one inference and tells what the outputs show that the network file declares as classes or detections: by output, a list of classes with `class`, `label` and `score`, or of objects, as in `tessera run --json`. Boxes count in pixels of the picture that was given.
---@field plan fun(self: Network, options: {nodes?: integer, cluster?: string, strategy?: string, up_to?: string, inputs?: table, [string]: any}): Plan Cuts the network for so many nodes, or for those that the file `cluster` describes. `up_to` names the layer at which the cut part ends at the latest; `inputs` gives shapes, or tensors or pictures of them, where the network leaves sizes open; further options are the strategy's.
---@field compare fun(self: Network, options: {nodes?: integer, cluster?: string, up_to?: string, inputs?: table, [string]: any}): {strategy: string, plan?: Plan, error?: string}[] Cuts the network by every strategy. A further option counts for all that know it. A strategy that cannot cut the network has an error in place of a plan.
---@field simulate fun(self: Network, options: {nodes?: integer, cluster?: string, strategy?: string, up_to?: string, pictures?: integer, stragglers?: table<string, number>, inputs?: table, [string]: any}): table, Plan Cuts the network, by `auto` unless another strategy is named, and runs the plan in virtual time. Gives a table with what `tessera simulate --json` prints of a strategy, and the plan. `pictures` are there from the start; `stragglers` says of devices, by name, how many times as long they take as the plan supposes.
---@field deploy fun(self: Network, options: {nodes?: integer|string|string[]|table, cluster?: string, strategy?: string, up_to?: string, security?: table, transport?: string|table, threads?: integer, exact?: boolean, precision?: string, layer_precision?: table, fold?: boolean, tune?: boolean, [string]: any, inputs: table}): Tensor|table<string, Tensor>, table Runs one inference on so many nodes of this process, or as many as the file `cluster` describes, or on those at the addresses that `nodes` lists, as in a deployment file, with `security = {certificates = FOLDER}` beyond this machine. Gives what `run` gives, and a table with latency_ms, bytes_sent, bytes_received, bytes_between_nodes, bytes_distributed, bytes_saved, nodes, busy_nodes, strategy, redundancy and speedup_bound. `fold = false` runs the network as it is written, see `net:fold`. What was compressed, see `net:compress`, goes to the nodes as it is compressed, unless folding changes it.
---@field start fun(self: Network, options: {nodes?: integer|string|string[]|table, cluster?: string, strategy?: string, up_to?: string, security?: table, transport?: string|table, threads?: integer, exact?: boolean, precision?: string, layer_precision?: table, fold?: boolean, tune?: boolean, [string]: any, inputs?: table}): Deployment Starts so many nodes in this process, or as many as the file `cluster` describes, or joins those that `nodes` lists, see `net:deploy`, and distributes the network to them, for any number of inferences.
---@field bench fun(self: Network, options: {seconds?: number, warm_up?: integer, threads?: integer, precision?: string, layer_precision?: table, fold?: boolean, tune?: boolean, profile?: boolean, inputs?: table}): table Measures how long an inference takes. Gives a table with the keys of `tessera bench --json`: median_ms, p90_ms, runs, …, and with `profile` also layers. `inputs` gives shapes where the network leaves sizes open, or tensors or pictures of them; only a batch that is open is 1. load_ms is the time of compiling alone.
---@field fold fun(self: Network): Network The network with batch normalizations, and arithmetic with constants, merged into the convolutions, transposed convolutions and linear layers before them. `run`, `deploy` and `start` do so anyway.
---@field prune fun(self: Network, options: {metric?: string|table, amount?: string|table, round_to?: integer, keep?: string[], schedule?: string|table, retrain?: string|table, samples?: string|table, inputs?: table, latency?: boolean}): Network, table Removes the channels that matter least. The options are those of a pruning file; a metric or rule with options is a table such as `{metric = "random", seed = 4}` and `{rule = "ratio", ratio = 0.3}`. `inputs` gives shapes, or tensors or pictures of them, where the network leaves sizes open other than the batch. Gives the smaller network, and a table with what `tessera prune --json` prints; latencies are measured if `latency` is true.
---@field quantize fun(self: Network, options: {calibrate: string|table|Tensor|Image, bits?: integer|integer[], method?: string|table, keep?: string[], target?: string, rounding?: string, correct_bias?: boolean, equalize?: boolean, sensitivity?: boolean, float_part?: number, count?: integer, evaluate?: string}): Network, table Turns weights and activations into integers. `calibrate` is a file or folder of samples, or a list of tensors, images or tables of inputs. `bits` is one number, or those of weights and of activations. The other options are those of a quantization file. Gives the network, and a table with what `tessera quantize --json` prints.
---@field compress fun(self: Network, options?: {codec?: string|table, quality?: integer, bits?: integer, step?: number, dead_zone?: number, dependent?: boolean, per_channel?: boolean, layout?: string|table, block?: integer[], reorder?: boolean, layers?: table, evaluate?: string, target_bytes?: integer, target_accuracy_drop?: number, samples?: string|table}): Network, table Compresses the weights with a codec of pictures, film or sound. The options are those of a compression file; `quality` is the codec's. Gives the network with the weights that come back, whose `save` writes them compressed, and a table with what `tessera compress --json` prints.
---@field ranges fun(self: Network, options: {calibrate: table, headroom?: number, fold?: boolean}): {name: string, kind: string, activation: number, weight?: number, variance?: number, verdict: string}[] Runs the network in f32 on every element of the list `calibrate`, each what `run` takes, and tells the largest magnitudes in each layer. The verdict is `overflow` for a layer with a number above 65504, the largest of IEEE binary16, `at risk` where activations `headroom` times larger (2 by default) would be, or else `fits`.
---@field save fun(self: Network, folder: string, options?: {force?: boolean}) Writes network.yaml and weights.safetensors into a folder, or weights.tcw if the network was compressed. A network that is there is replaced only with `force`.
---@field train fun(self: Network, options: {config: string|table, output?: string, epochs?: integer, quantization?: string|table}): Network, table[] Trains the network, from the weights that it has, as a training file says, or a table with the same keys, whose own network and weights are left out of account. Gives the trained network and what each epoch came to: epoch, rate, train_loss, train_accuracy, test_loss, test_accuracy, test_psnr, and with an auxiliary network own_loss, auxiliary_loss, distillation_loss. `output`, `epochs` and `quantization` replace those of the file; with `quantization` the trained network is one of integers.
---@field trainer fun(self: Network, options: {batch: integer, loss?: string|table, optimizer?: string|table, precision?: string}): Trainer Makes the network ready for a training loop of one's own, with batches of that many samples, of which `net:data` has some. `loss` and `optimizer` are as in training files; a step that is given no rate takes the optimizer's.
---@field data fun(self: Network, options: {data: table, batch: integer, augment?: table, seed?: integer}): Data Reads pictures to train the network with in a loop of one's own, see `net:trainer`. The options are those of training files; paths count from where the process runs.
---@field document fun(self: Network): table What a network file says of the network, without weights: change it and give it to `tessera.network`, with `net:weights()`.
---@field weights fun(self: Network): table<string, Tensor> The weights that the network has, by `LAYER.parameter`.
---@field inspect fun(self: Network, options?: {inputs?: table}): table What `tessera inspect --json` prints: layers with shapes, parameters and multiply-accumulates. `inputs` gives shapes, or tensors or pictures of them, where the network leaves sizes open other than the batch.
---@field export fun(self: Network, path: string, options?: {sizes?: table<string, integer>}) Writes the network as an ONNX model. `sizes` gives sizes to check it with in place of names that leave them open.
---@field evaluate fun(self: Network, config: string|table): {count: integer, loss: number, accuracy?: number, psnr?: number} How good the network is on the pictures that a training file, or a table with the same keys, has to test with.

---Who computes what. Printing it shows every node's part of every layer.
---@class Plan
---@field strategy string The name of the strategy that made it.
---@field nodes integer How many nodes it is for.
---@field redundancy number Multiply-accumulate operations of all parts over those of the whole; 1 if nothing is done twice.
---@field speedup_bound number The largest possible speed-up over one node, if moving data cost nothing.
---@field throughput_bound number How many times as many inferences a second as one node's at most, with one under way in every stage.
---@field bytes_moved integer Bytes to and from the nodes' parts if all goes through the leader.
---@field bytes_exchanged integer Bytes to and from the nodes' parts if nodes send each other what is missing.
---@field memory_bytes integer[] What each node needs: the weights of its parts, and the most that values take at any one time.
---@field notes string[] What the strategy has to say of it.
---@field stages {output: string, layers: string[], tiles: {node: integer, region: integer[][], macs: integer}[]}[] The stages. A region is a range {first, last} for every axis, counted from 1.
---@field svg fun(self: Plan, path: string) Draws the plan into an .svg file.

---A network on nodes, ready to run.
---@class Deployment
---@field plan Plan How the network is cut.
---@field run fun(self: Deployment, inputs: Tensor|Image|string|table<string, Tensor|Image|string>): Tensor|table<string, Tensor>, table Runs one inference on the nodes. Gives what `net:deploy` gives.
---@field close fun(self: Deployment)

---What plans cost on the nodes at hand; the function of a strategy gets it. A device is a node's number, or "leader".
---@class CostModel
---@field nodes {name: string, macs_per_second: number, memory_bandwidth: number, tile_bandwidth: number, tile_time: number, speed: number, memory?: number}[] The nodes, as the file of the cluster says; all alike without one. `memory` is nil for any amount.
---@field leader {name: string, macs_per_second: number, memory_bandwidth: number, tile_bandwidth: number, tile_time: number, speed: number, memory?: number} Where pictures arrive and results go; `node` is its number if it is one of the nodes.
---@field tile fun(self: CostModel, options: {output: string, from?: string[], node?: integer, region?: integer[][], channels?: integer[], rows?: integer[], columns?: integer[]}): table What making a part of a value takes if the values in `from` are there already: `region`, `inputs` and `layers`, the regions by name, `macs`, `bytes_in`, `bytes_out`, and `seconds` on the node, the first if left out.
---@field seconds fun(self: CostModel, layers: string[], device: integer|"leader"): number What whole layers take on a device.
---@field transfer fun(self: CostModel, bytes: integer, from: integer|"leader", to: integer|"leader"): number The seconds until so many bytes have gone from one device to another.
---@field simulate fun(self: CostModel, stages: table[], pictures?: integer): table What a list of stages, as a strategy returns it, would come to: what `net:simulate` gives.

---What the function of an amount rule gets to see: how much each channel matters.
---@class AmountProblem
---@field curves {group: string, values: number[], comparable: number[]}[] The saliencies of the channels of every group, and the same so that they can be compared with those of other groups.
---@field multiple integer The number that kept channels are rounded up to a multiple of.
---@field operations fun(self: AmountProblem, counts: integer[]): integer The multiply-accumulates of one inference without so many channels of every group.
---@field latency fun(self: AmountProblem, counts: integer[]): number The milliseconds that an inference without so many channels of every group takes, measured.

---A network in training.
---@class Trainer
---@field step fun(self: Trainer, options: {input: Tensor, classes?: integer[], target?: Tensor, count?: integer, rate?: number}): number, integer? Trains with a batch: tensors of [batch, …], and the class of each sample, counted from 1, or a tensor that the output should be; of the samples, the first `count` count. Gives the loss, and how many of them were right.
---@field evaluate fun(self: Trainer, options: {input: Tensor, classes?: integer[], target?: Tensor, count?: integer}): number, integer? The same for the network as it is, which does not change.
---@field gradients fun(self: Trainer, options: {input: Tensor, classes?: integer[], target?: Tensor, count?: integer}): number, integer? Computes the gradients of all weights for a batch, and changes none.
---@field gradient fun(self: Trainer, name: string): Tensor The gradient of a weight, `LAYER.parameter`: of the last batch, or what it was set to since. An update has masked and limited it.
---@field weight fun(self: Trainer, name: string): Tensor A weight, `LAYER.parameter`, as it is now.
---@field set_weight fun(self: Trainer, name: string, value: Tensor) Gives a weight, `LAYER.parameter`, other numbers, but for what a mask keeps at zero; what the optimizer remembers of it stays.
---@field set_gradient fun(self: Trainer, name: string, value: Tensor) Gives the gradient of a weight, `LAYER.parameter`, other numbers for `update`. Without `gradients` since the last update, those of all other weights are zero.
---@field set_mask fun(self: Trainer, name: string, mask?: Tensor) Keeps a weight, `LAYER.parameter`, at zero wherever the mask, a tensor of its shape, is zero, however it is trained; without a mask it is free again.
---@field update fun(self: Trainer, rate?: number) Changes all weights, as `step` does, by the gradients of `gradients` or `set_gradient` since the last update.
---@field output fun(self: Trainer): Tensor What the network made of the last batch.
---@field network fun(self: Trainer): Network The network with the weights as they are now.

---Pictures to train and to test with, in batches that a network takes.
---@class Data
---@field classes string[] The names of the classes.
---@field train_count integer How many pictures to train with.
---@field test_count integer How many pictures to test with.
---@field train fun(self: Data, epoch: integer): Batches The batches of an epoch, counted from 1, for a loop `for batch in data:train(1)`: all pictures in an order that follows from the seed and the epoch, changed at random as `augment` says; what does not fill a batch is left out.
---@field test fun(self: Data): Batches The batches of all pictures to test with, in their own order. The last one is filled up with its last picture: `count` says how many samples count.

---Batches one after the other, for a loop.
---@class Batches

---A bar on standard error, if that is a terminal, which is gone when the progress is closed or collected.
---@class Progress
---@field done integer The steps so far.
---@field step fun(self: Progress, text?: string) Goes one step on, and shows a text beside the bar.
---@field close fun(self: Progress)

---The layers that can be cut, which the function of a partition strategy gets.
---@class Span
---@field inputs {name: string, shape: integer[]}[] What the network is given.
---@field layers {name: string, kind: string, options: table, inputs: string[], shape: integer[], macs: integer}[] The layers in order of execution, with the shapes of what they make and their multiply-accumulates.
---@field cut_points {name: string, shape: integer[]}[] The values after which all axes can be cut, in order.
---@field later_cut_points {name: string, shape: integer[]}[] The values after those, which depend on all pixels of one before: channels and features alone can be cut.
---@field output? {name: string, shape: integer[]} The last of `cut_points`; nil if there are none.

---Channels that compete with each other, of which some are pruned: what the function of a saliency metric gets.
---@class ChannelGroup
---@field name string What reports call the group.
---@field layers string[] The names of the layers that make the channels.
---@field channels {kernels: Tensor, biases: Tensor, scales: Tensor, readers: Tensor}[] The weights of each channel, in lists: those that make it, its biases, its normalizations' factors, and those of later layers that read it.

---What was seen of a value, which the function of a calibration method gets.
---@class Histogram
---@field minimum number The smallest number.
---@field maximum number The largest number.
---@field zeros integer How many numbers were 0.
---@field width number The width of a bin.
---@field positive integer[] How many numbers above 0 there were in each bin: `positive[i]` from (i - 1) · width to i · width.
---@field negative integer[] The same of numbers below 0, by magnitude.

---The sizes of a layer's weights, which the function of a weight layout gets. Weights are numbered from 1 in the order of the first five, columns of the kernel fastest.
---@class WeightGeometry
---@field matrices integer The gates of a recurrent layer, 1 for others.
---@field outputs integer The channels or features that it makes.
---@field inputs integer The channels or features that each of these reads.
---@field kernel_height integer The rows of the kernel, 1 for a linear layer.
---@field kernel_width integer The columns of the kernel, 1 for a linear layer.
---@field count integer The number of weights, the product of all.

---Networks, and the nodes that run them.
tessera = {}

---Counts up whenever something is added here; what is there stays.
---@type integer
tessera.api_level = nil

---A tensor of f32: all `fill` (0 by default), or `values`, a list of numbers or nested lists that give the shape, or numbers in [0, 1) drawn from the seed `random`, or with mean 0 and deviation 1 from the seed `normal`.
---@type fun(options: {shape?: integer[], fill?: number, values?: table, random?: integer, normal?: integer}): Tensor
tessera.tensor = nil

---Reads a PNG, JPEG, BMP or WebP file.
---@type fun(path: string): Image
tessera.image = nil

---Reads a .npy file as a tensor, or a .safetensors file as a table of tensors by name.
---@type fun(path: string): Tensor|table<string, Tensor>
tessera.load = nil

---Reads a network file, or a table that says what such a file would. `weights`, a .safetensors file, a seed, or tensors by `LAYER.parameter`, takes the place of the network's own.
---@type fun(source: string|table, options?: {weights?: string|{random: integer}|table<string, Tensor>, threads?: integer, backend?: string}): Network
tessera.network = nil

---Computes one operator, as a layer of that kind in a network file would. `options` are the keys of the layer, whose axes count from 0 as in files; `weights` are its parameters. Gives the outputs.
---@type fun(kind: string, inputs: Tensor|Tensor[], options?: {weights?: table<string, Tensor>, threads?: integer, backend?: string, [string]: any}): Tensor, ...
tessera.op = nil

---The positions 1 to `count` as so many contiguous ranges {first, last}, whose lengths differ by at most one. A range is empty, with its last before its first, if there are more parts than positions.
---@type fun(count: integer, parts: integer): integer[][]
tessera.divide = nil

---Seconds on a clock that only runs forward, to measure durations.
---@type fun(): number
tessera.clock = nil

---The names of all partition strategies.
---@type fun(): string[]
tessera.strategies = nil

---What the script was called with, `--name value` or `--name=value` for each name that is declared, and other arguments in order as elements 1, 2, …. A declared value is the default and says what type is expected; `--name` alone stands for true. `given` is usually `arg`.
---@type fun(declared: table<string, any>, given: string[]): table<string, any>
tessera.arguments = nil

---A progress bar of so many steps on standard error, if that is a terminal.
---@type fun(total: integer, label?: string): Progress
tessera.progress = nil
tessera.json = {}

---The value as JSON. An empty table is an empty list. There is no JSON for infinity and what is no number.
---@type fun(value: any): string
tessera.json.encode = nil

---The value that is written in JSON; null is nil.
---@type fun(text: string): any
tessera.json.decode = nil
tessera.yaml = {}

---The value that is written in YAML.
---@type fun(text: string): any
tessera.yaml.decode = nil

---The value in a JSON file.
---@type fun(path: string): any
tessera.json.load = nil

---The value in a YAML file.
---@type fun(path: string): any
tessera.yaml.load = nil
tessera.csv = {}

---The rows of a file of comma-separated values. What is written as a number in decimals, such as 12, -0.5 or 1e-3, becomes one, unless it is quoted.
---@type fun(path: string): (string|number)[][]
tessera.csv.load = nil

---Writes the value into a JSON file.
---@type fun(value: any, path: string)
tessera.json.save = nil

---Writes rows as comma-separated values (RFC 4180). Text that looks like a number is quoted.
---@type fun(rows: (string|number|boolean)[][], path: string)
tessera.csv.save = nil

---Makes a folder, with those that it is in, where there is none. Gives its path.
---@type fun(path: string): string
tessera.mkdir = nil

---Draws curves, lists of points {x, y} by name, into an .svg file. `x` says what the horizontal axis is.
---@type fun(options: {path: string, title?: string, x?: string, curves: table<string, number[][]>})
tessera.plot = nil
tessera.register = {}

---Adds a partition strategy, which `net:plan` and `net:deploy` then know by its name. It gets the span that can be cut and what it costs, and returns a list of stages `{output = NAME, tiles = {{node = 1, rows = {first, last}}, …}}`, and remarks for whoever reads the plan, if there are any. `about.options` declares what it takes, by name: `{default = 0.5, summary = "the part that goes"}`; without, it gets whatever is given.
---@type fun(name: string, strategy: (fun(span: Span, nodes: integer, options: table, model: CostModel): table[], string[]?), about?: {summary?: string, options?: table})
tessera.register.partition_strategy = nil

---Adds a saliency metric, which `net:prune` then knows by its name. It is called for all channels that compete with each other, and returns a number for each; the smallest are pruned. `about.options` declares what it takes, by name: `{default = 0.5, summary = "the part that goes"}`; without, it gets whatever is given.
---@type fun(name: string, metric: (fun(group: ChannelGroup, options: table): number[]), about?: {summary?: string, options?: table})
tessera.register.saliency_metric = nil

---Adds a rule for how much is pruned, which `net:prune` then knows by its name. It returns how many channels of every group go, those that matter least. `about.options` declares what it takes, by name: `{default = 0.5, summary = "the part that goes"}`; without, it gets whatever is given.
---@type fun(name: string, rule: (fun(problem: AmountProblem, options: table): integer[]), about?: {summary?: string, options?: table})
tessera.register.amount_rule = nil

---Adds a calibration method, which `net:quantize` then knows by its name. It returns the range that integers are to cover, with 0 inside. `about.options` declares what it takes, by name: `{default = 0.5, summary = "the part that goes"}`; without, it gets whatever is given.
---@type fun(name: string, method: (fun(histogram: Histogram, bits: integer, options: table): number, number), about?: {summary?: string, options?: table})
tessera.register.calibration_method = nil

---Adds a weight layout, which `net:compress` then knows by its name: the order in which the weights of a layer become samples. It returns `{width = …, height = …, frames = …, places = {…}}`: the size of frames, how many there are, and for each sample, row by row and frame by frame, the number of its weight. The first sample of a weight stands for it; further ones are padding. A layer must have the same frames whenever it is asked for. `about.options` declares what it takes, by name: `{default = 0.5, summary = "the part that goes"}`; without, it gets whatever is given.
---@type fun(name: string, layout: (fun(geometry: WeightGeometry, options: table): {width: integer, height: integer, frames: integer, places: integer[]}), about?: {summary?: string, options?: table})
tessera.register.weight_layout = nil

---Loads a plugin, whose modules are known by name then: a script that registers some, or, from a trusted script, a shared library.
---@type fun(path: string)
tessera.plugin = nil
