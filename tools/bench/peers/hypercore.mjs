// SPDX-License-Identifier: Apache-2.0
// A hypercore and its copy in another process, over TCP on loopback: usage: hypercore.mjs FOLDER ITEMS BYTES RUNS SAMPLES
// Blocks hold the time at which they were made, by the clock that both processes share. Prints what peer.c prints.
import { fork } from 'node:child_process'
import net from 'node:net'
import path from 'node:path'
import Hypercore from 'hypercore'

const BATCH = 64 // blocks an append: one signature for all of them
const now = () => process.hrtime.bigint()

function block(bytes, number) {
	const made = Buffer.alloc(bytes, 0x61 + (number % 26))
	made.writeBigUInt64LE(now())
	return made
}

async function write(folder) {
	const core = new Hypercore(path.join(folder, 'writer'))
	await core.ready()
	const server = net.createServer((socket) => {
		const link = core.replicate(false)
		socket.pipe(link).pipe(socket)
		socket.on('error', () => {})
	})
	server.listen(0, '127.0.0.1', () => process.send({ key: core.key.toString('hex'), port: server.address().port }))
	process.on('message', async ({ count, bytes, end }) => {
		if (end) process.exit(0)
		for (let left = count; left > 0; left -= BATCH)
			await core.append(Array.from({ length: Math.min(BATCH, left) }, (_, i) => block(bytes, left - i)))
	})
}

async function read(folder, items, bytes, runs, samples) {
	const writer = fork(process.argv[1], ['--write', folder])
	const { key, port } = await new Promise((done) => writer.once('message', done))
	const core = new Hypercore(path.join(folder, 'reader'), Buffer.from(key, 'hex'))
	await core.ready()
	const socket = net.connect(port, '127.0.0.1')
	const link = core.replicate(true)
	socket.pipe(link).pipe(socket)
	let came = 0, target = 0, first = 0, all = null
	core.on('download', () => {
		if (++came === target) all(now())
	})
	// Seconds from before the first block was made until the copy holds the last one.
	const carry = async (count) => {
		first = target
		target += count
		const done = new Promise((resolve) => (all = resolve))
		core.download({ start: first, end: target })
		writer.send({ count, bytes })
		const last = await done
		return Number(last - (await core.get(first)).readBigUInt64LE()) / 1e9
	}
	await carry(1)
	const rates = [], ms = []
	for (let i = 0; i < runs; i++) rates.push(items / (await carry(items)))
	for (let i = 0; i < samples; i++) ms.push((await carry(1)) * 1000)
	console.log(JSON.stringify({ rates, ms }))
	writer.send({ end: true })
	process.exit(0)
}

const [first, ...rest] = process.argv.slice(2)
if (first === '--write') await write(rest[0])
else await read(first, ...rest.map(Number))
